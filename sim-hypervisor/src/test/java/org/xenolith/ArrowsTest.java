package org.xenolith;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.Architectures;

/** The rooms know each other only in one direction. */
@AnalyzeClasses(packages = "org.xenolith", importOptions = DoNotIncludeTests.class)
class ArrowsTest {
    @ArchTest
    static final ArchRule ARROWS = Architectures.layeredArchitecture()
            .consideringOnlyDependenciesInAnyPackage("org.xenolith..")
            .withOptionalLayers(true)
            .layer("engine")
            .definedBy("org.xenolith.engine..")
            .layer("machine")
            .definedBy("org.xenolith.machine..")
            .layer("trace")
            .definedBy("org.xenolith.trace..")
            .layer("core")
            .definedBy("org.xenolith.core..")
            .layer("hypervisor")
            .definedBy("org.xenolith.hypervisor..")
            .layer("guest")
            .definedBy("org.xenolith.guest..")
            .layer("device")
            .definedBy("org.xenolith.device..")
            .layer("toolstack")
            .definedBy("org.xenolith.toolstack..")
            .layer("experiment")
            .definedBy("org.xenolith.experiment..")
            .layer("cli")
            .definedBy("org.xenolith.cli..")
            .whereLayer("engine")
            .mayNotAccessAnyLayer()
            .whereLayer("machine")
            .mayOnlyAccessLayers("engine")
            .whereLayer("trace")
            .mayOnlyAccessLayers("engine", "machine")
            .whereLayer("core")
            .mayOnlyAccessLayers("engine", "machine")
            .whereLayer("hypervisor")
            .mayOnlyAccessLayers("engine", "machine", "trace")
            .whereLayer("guest")
            .mayOnlyAccessLayers("engine", "machine", "trace", "core", "hypervisor", "device")
            .whereLayer("device")
            .mayOnlyAccessLayers("engine", "machine", "hypervisor")
            .whereLayer("toolstack")
            .mayOnlyAccessLayers("engine", "machine", "hypervisor", "device")
            .whereLayer("experiment")
            .mayOnlyAccessLayers("engine", "machine", "trace", "core", "hypervisor", "guest", "device", "toolstack")
            .whereLayer("cli")
            .mayNotBeAccessedByAnyLayer();

    /** A report is made from trace records and figures: it does not reach into a simulation. */
    @ArchTest
    static final ArchRule REPORTS = ArchRuleDefinition.noClasses()
            .that()
            .resideInAPackage("org.xenolith.experiment.report..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.xenolith.guest..", "org.xenolith.toolstack..", "org.xenolith.cli..");

    /** Nobody but the command line prints or exits. */
    @ArchTest
    static final ArchRule QUIET = ArchRuleDefinition.noClasses()
            .that()
            .resideOutsideOfPackage("org.xenolith.cli..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .callMethod(System.class, "exit", int.class);

    /** The model asks no clock of the real world. */
    @ArchTest
    static final ArchRule NO_WALL_CLOCK = ArchRuleDefinition.noClasses()
            .that()
            .resideInAnyPackage(
                    "org.xenolith.engine..",
                    "org.xenolith.machine..",
                    "org.xenolith.core..",
                    "org.xenolith.hypervisor..",
                    "org.xenolith.guest..")
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.time.Instant")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.Random");
}
