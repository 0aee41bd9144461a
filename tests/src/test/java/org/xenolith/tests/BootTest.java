package org.xenolith.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The stock Debian kernel boots to a shell, takes commands, and ends as told. */
class BootTest {
    /** A shell that computes, sleeps, forks and pipes, and looks at what the kernel says of its hypervisor. */
    private static final List<String> SESSION = List.of(
            "uname -sr",
            "echo product=$((6*7))",
            "i=0; while [ $i -lt 500 ]; do i=$((i+1)); done; echo counted=$i",
            "(sleep 1; echo slept) & wait; echo waited",
            "seq 1 200 | sort -rn | head -n 1 | sed 's/^/largest=/'",
            "a=$(cut -d. -f1 /proc/uptime); sleep 2; b=$(cut -d. -f1 /proc/uptime); echo passed=$((b-a))",
            "dmesg | grep -c -i xen | sed 's/[1-9][0-9]*/says-xen/'",
            "grep -c xen /proc/interrupts | sed 's/^[1-9]/counts-/'",
            "cat /sys/hypervisor/type",
            "poweroff -f");

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"pvh", "pv"})
    void reachesAShellThatWorksAndPowersOff(String type) throws Exception {
        Command boot = Boots.boot(folder, SESSION, "--type", type, "--extra", Boots.QUICK);

        assertThat(boot.out())
                .contains("Booting kernel on Xen")
                .containsPattern("(?m)^Linux 6\\.1\\.0-")
                .contains("product=42\n", "counted=500\n", "slept\n", "waited\n", "largest=200\n")
                .containsPattern("(?m)^passed=[23]$")
                .containsPattern("(?m)^says-xen$")
                .containsPattern("(?m)^counts-")
                .containsPattern("(?m)^xen$")
                .doesNotContain("Call Trace", "BUG:");
        assertThat(boot.code()).isZero();
        assertThat(boot.err()).contains("linux: shut down (poweroff)").contains("vcpu_op ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pvh", "pv"})
    void aSecondVcpuComesUp(String type) throws Exception {
        List<String> script = List.of("echo processors=$(nproc)", "grep -c ^processor /proc/cpuinfo", "poweroff -f");
        Command boot =
                Boots.boot(folder, script, "--type", type, "--vcpus", "2", "--pcpus", "2", "--extra", Boots.QUICK);

        assertThat(boot.out()).contains("Brought up 1 node, 2 CPUs", "processors=2\n");
        assertThat(boot.code()).as(boot.err()).isZero();
    }

    @Test
    void reachesAShellWithApproximateTimingToo() throws Exception {
        Command boot = Boots.boot(
                folder,
                List.of("uname -s", "echo product=$((6*7))", "poweroff -f"),
                "--timing",
                "approximate",
                "--memory",
                "96",
                "--extra",
                Boots.QUICKEST);

        assertThat(boot.out()).contains("Linux\n", "product=42\n");
        assertThat(boot.code()).as(boot.err()).isZero();
        assertThat(boot.err()).contains("linux: shut down (poweroff)");
    }

    @Test
    void aRebootAndAPanicAreTold() throws Exception {
        Command reboot = Boots.boot(folder, List.of("reboot -f"), "--extra", Boots.QUICK + " quiet");
        assertThat(reboot.err()).contains("linux: shut down (reboot)");
        assertThat(reboot.code()).isEqualTo(3);

        Command panic = Boots.boot(folder, List.of("echo c > /proc/sysrq-trigger"), "--extra", Boots.QUICK + " quiet");
        assertThat(panic.out()).contains("Kernel panic - not syncing: sysrq triggered crash");
        assertThat(panic.err())
                .contains(
                        "crashed",
                        "rip ",
                        "stack:",
                        "last blocks, the latest first:\n  ffffffff8",
                        "linux: shut down (crash)");
        assertThat(panic.code()).isEqualTo(4);
    }

    @Test
    void twoBootsWithOneSeedAreTheSame() throws Exception {
        byte[] first = null;
        String console = null;
        for (String name : new String[] {"one", "two"}) {
            Path trace = folder.resolve(name + ".trc");
            Command boot = Boots.boot(
                    folder, List.of(), "--extra", Boots.QUICK + " rdinit=/init work=exit", "--trace", trace.toString());
            assertThat(boot.code()).as(boot.err()).isZero();
            String told = boot.out() + boot.err().replaceAll("[0-9.]+ MIPS", "");
            if (first == null) {
                first = Files.readAllBytes(trace);
                console = told;
            } else {
                assertThat(told).isEqualTo(console).contains("WORKER up");
                assertThat(Files.readAllBytes(trace)).isEqualTo(first).hasSizeGreaterThan(1000);
            }
        }
    }

    @Test
    void stopsWhereItIsToldTo() throws Exception {
        Command cycles = Boots.boot(folder, List.of(), "--max-cycles", "1000000", "--trace-instructions", "2:7");
        assertThat(cycles.code()).isEqualTo(5);
        assertThat(cycles.out().lines().toList()).hasSize(5).allMatch(line -> line.matches(" +[2-6]  +[0-9a-f]+  .*"));
        assertThat(cycles.err())
                .contains("--max-cycles reached")
                .containsPattern(" 4[0-9]{2},[0-9]{3} instructions"); // some cycles are the hypervisor's

        Command until = Boots.boot(folder, List.of(), "--until", "Linux version 6[.]1");
        assertThat(until.code()).as(until.err()).isZero();
        assertThat(until.out()).contains("Linux version 6.1").doesNotContain("Run /init");
    }

    @Test
    void refusesWhatCannotBoot() throws Exception {
        Path noise = Files.write(folder.resolve("noise"), new byte[5000]);
        Command.run("boot", "--kernel", noise.toString()).says(2, noise.toString());
        Command.run("boot", "--kernel", folder.resolve("gone").toString()).says(2, "gone: no such file");
        Command.run("boot", "--memory", "4000").says(2, "--memory must be 1 to 2047 MiB");
        Command.run("boot", "--until", "(").says(2, "--until: ");
        Command.run("boot", "--trace-instructions", "9:3").says(2, "--trace-instructions takes FROM:TO");
        Boots.files();
        Command.run(
                        "boot",
                        "--ramdisk",
                        Files.write(folder.resolve("large"), new byte[40 << 20]).toString(),
                        "--memory",
                        "64")
                .says(2, "MiB");
    }
}
