package org.xenolith.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenolith.engine.InputException;
import org.xenolith.experiment.Scenario.DomainSpec;
import org.xenolith.guest.Timing;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.SchedGranularity;

class ScenarioReaderTest {
    static final String IDLER =
            """
            import org.xenolith.hypervisor.*;
            public class Idler implements Scheduler {
                @Parameter(name = "slice_us", unit = "us", min = 10, max = 1000, help = "") long slice = 100;
                public void init(SchedulerHost host) {}
                public void wake(SchedUnit unit) {}
                public void sleep(SchedUnit unit) {}
                public void schedule(int pcpu, long now, Decision decision) { decision.idle(); }
            }
            """;

    @TempDir
    static Path folder;

    private static Scenario parse(String text) throws IOException {
        Files.writeString(folder.resolve("Idler.java"), IDLER);
        String schedulers = text.contains("schedulers:") ? "" : "schedulers: [Idler.java]\n";
        return ScenarioReader.parse(schedulers + text, "s.yaml", folder, new SchedulerCatalog());
    }

    @Test
    void readsADomainThatBoots() throws Exception {
        Scenario s = parse(
                """
                costs: xeon-2003
                domains:
                  - {name: spin, guest: spin}
                  - name: linux
                    type: pvh
                    weight: 512
                    guest: {boot: {kernel: k/vmlinux, extra: quiet, memory: 64, script: ["echo $((6*7))", poweroff], timing: approximate}}
                """);

        DomainSpec linux = s.domains().get(1);
        assertThat(linux.workload()).isNull();
        assertThat(linux.type()).isEqualTo(Domain.Type.PVH);
        assertThat(linux.boot())
                .isEqualTo(new BootPlan(
                        folder.resolve("k/vmlinux"),
                        null,
                        "quiet",
                        64,
                        List.of("echo $((6*7))", "poweroff"),
                        Timing.Kind.APPROXIMATE));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "approximate | has no section 'core'",
                "exact | 'exact' is no timing; take functional or approximate",
            })
    void refusesTimingThatItCannotKeep(String timing, String complaint) {
        assertThatThrownBy(() -> parse("domains:\n  - {name: a, guest: {boot: {timing: " + timing + "}}}\n"))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("s.yaml")
                .hasMessageContaining(complaint);
    }

    @Test
    void readsEveryKey() throws IOException {
        Files.writeString(folder.resolve("b.cfg"), "name='b'\ncap=30\nkernel='k'\ndisk=[]\n");
        Scenario s = parse(
                """
                name: all-keys
                about: Everything.
                machine: {sockets: 2, coresPerSocket: 2, threadsPerCore: 1, numaNodes: 2}
                costs: zero
                pools:
                  - {name: Pool-0, cpus: 0-2}
                  - {name: Pool-1, cpus: 3, scheduler: Idler.java}
                schedulers:
                  - Idler.java:slice_us=20
                  - {name: Idler.java, parameters: {slice_us: 30}}
                seeds: [1, 7]
                warmup: 500 ms
                duration: 2 s
                domains:
                  - {name: a, id: 5, type: pvh, vcpus: 2, weight: 512, cap: 50, cpus: [0, 1], cpus_soft: 0-1, pool: Pool-0,
                     guest: {workload: periodic, workMicros: 5000}}
                  - {config: b.cfg, guest: spin}
                actions:
                  - {at: 1 s, do: pause, domain: a}
                  - {at: 1100 ms, do: unpause, domain: a}
                  - {at: 1.2 s, do: set-share, domain: a, weight: 100}
                  - {at: 1.3 s, do: set-affinity, domain: a, vcpu: 1, cpus: 2}
                """);

        assertThat(s.name()).isEqualTo("all-keys");
        assertThat(s.topology().numaNodes()).isEqualTo(2);
        assertThat(s.costs().name()).isEqualTo("zero");
        assertThat(s.pools()).extracting(Scenario.Pool::pcpus).containsExactly(CpuSet.of(0, 1, 2), CpuSet.of(3));
        assertThat(s.schedulers())
                .extracting(SchedulerChoice::label)
                .containsExactly("Idler:slice_us=20", "Idler:slice_us=30");
        assertThat(s.seeds()).containsExactly(1L, 7L);
        assertThat(s.warmupNanos()).isEqualTo(500_000_000L);
        assertThat(s.durationNanos()).isEqualTo(2_000_000_000L);
        assertThat(s.domains())
                .containsExactly(
                        new DomainSpec(
                                5,
                                "a",
                                Domain.Type.PVH,
                                2,
                                512,
                                50,
                                List.of(CpuSet.of(0), CpuSet.of(1)),
                                List.of(CpuSet.of(0, 1), CpuSet.of(0, 1)),
                                "Pool-0",
                                "periodic",
                                Map.of("workMicros", "5000")),
                        new DomainSpec(6, "b", Domain.Type.PV, 1, 256, 30, null, null, "Pool-0", "spin", Map.of()));
        assertThat(s.actions())
                .containsExactly(
                        new Action.Pause(1_000_000_000L, "a"),
                        new Action.Unpause(1_100_000_000L, "a"),
                        new Action.SetShare(1_200_000_000L, "a", 100, 50),
                        new Action.SetAffinity(1_300_000_000L, "a", 1, CpuSet.of(2), CpuSet.of(0, 1, 2, 3)));
        assertThat(s.warnings()).containsExactly(folder.resolve("b.cfg") + ": not modelled: disk");
        assertThat(s.inputs()).containsExactly(folder.resolve("b.cfg"));
    }

    @Test
    void hasDefaults() throws IOException {
        Scenario s = parse("domains: [{name: a, guest: spin}]");

        assertThat(s.topology().pcpus()).isEqualTo(1);
        assertThat(s.costs().name()).isEqualTo("qemu-icount");
        assertThat(s.durationNanos()).isEqualTo(5_000_000_000L);
        assertThat(s.domains().get(0).id()).isEqualTo(1);
        assertThat(s.seeds()).containsExactly(1L);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "domans: []                                       | s.yaml:2:1: unknown key 'domans'; did you mean 'domains'?",
                "wieght: 3 \\ domains: [{name: a, guest: spin}]   | s.yaml:2:1: unknown key 'wieght'; known are name",
                "domains: [{name: a, guest: spin, wieght: 3}]     | s.yaml:2:34: unknown key 'wieght'; did you mean 'weight'?",
                "domains: [{name: a, guest: spin, weight: 0}]     | s.yaml:2:34: weight must be a whole number from 1 to 65535, not '0'",
                "domains: [{name: a, guest: spin, cap: 101}]      | s.yaml:2:34: cap must be a whole number from 0 to 100, not '101'",
                "domains: [{name: a, guest: spin, cpus: 4}]       | s.yaml:2:34: pCPUs 4 are not on the machine, which has 0-0",
                "domains: [{name: a, guest: dance}]               | s.yaml:2:21: no workload 'dance'; there are spin",
                "domains: [{name: a, guest: {workload: spin, a: 1}}] | s.yaml:2:45: unknown key 'a'",
                "domains: [{name: a, guest: {workload: periodic, workMicros: -1}}] | s.yaml:2:11: workload periodic: workMicros must be",
                "domains: [{name: a}]                             | s.yaml:2:11: domain 'a': 'guest' is missing",
                "domains: [{name: a, guest: {boot: {memory: 3}}}] | s.yaml:2:36: memory must be a whole number from 16 to 2000, not '3'",
                "domains: [{name: a, guest: {boot: {kernal: k}}}] | s.yaml:2:36: unknown key 'kernal'; did you mean 'kernel'?",
                "domains: [{guest: spin}]                         | s.yaml:2:11: 'name' is missing",
                "domains: [{name: a, guest: spin}, {name: a, guest: spin}] | s.yaml:2:35: a second domain 'a'",
                "domains: [{config: no.cfg, guest: spin}]         | no.cfg: no such file",
                "duration: 5 \\ domains: [{name: a, guest: spin}] | s.yaml:2:1: duration: '5' is no duration; write",
                "warmup: 9 s \\ domains: [{name: a, guest: spin}] | duration must be longer than warmup",
                "machine: {pcpus: 2} \\ pools: [{name: P, cpus: 0}] \\ domains: [] | pCPU 1 is in no pool",
                "machine: {threadsPerCore: 2, sched-gran: thread} \\ domains: [] | s.yaml:2:30: sched-gran must be cpu, core or socket, not 'thread'",
                "machine: {coresPerSocket: 2, threadsPerCore: 2, sched-gran: core} \\ pools: [{name: P, cpus: 0-2}, {name: Q, cpus: 3}] \\ domains: [] | pCPUs 0-2 split a core, which is scheduled as a whole",
                "machine: {pcpus: 0} \\ domains: []               | s.yaml:2:11: pcpus must be a whole number from 1 to 256",
                "trace: gone.trc                                  | gone.trc: no such file",
                "a: *b                                            | s.yaml:2:4: aliases (*name) are not understood",
                "a: 1 \\ a: 2                                     | not YAML: Duplicate field 'a'",
                "a: [                                             | not YAML",
                "domains: [{name: a, guest: spin}] \\ actions: [{at: 1 s, do: dance}] | s.yaml:3:21: 'dance' is nothing the toolstack does; it does create, destroy, pause",
                "domains: [{name: a, guest: spin}] \\ actions: [{at: 1 s, do: pause, domain: b}] | s.yaml:3:32: no domain 'b'",
                "domains: [{name: a, guest: spin}] \\ actions: [{at: 1 s, do: pause, domain: a, cap: 3}] | s.yaml:3:43: unknown key 'cap'",
                "domains: [{name: a, guest: spin}] \\ actions: [{at: 1 s, do: move, domain: a, pool: P}] | s.yaml:3:42: no pool 'P'; there are Pool-0",
                "domains: [{name: a, guest: spin}] \\ actions: [{at: 1 s, do: cpu-remove, pool: Pool-0, cpus: 4}] | pCPUs 4 are not on the machine",
                "domains: [{name: a, guest: spin}] \\ actions: [{do: create, domain: a, at: 1 s}, {do: create, domain: a, at: 2 s}] | domain 'a' is created twice",
                "domains: [{name: a, guest: spin}] \\ actions: [{at: 1 s, do: set-sched, domain: a, sched: {bugdet: 1}}] | unknown key 'bugdet'",
                "schedulers: [Idler.java] \\ domains: [{name: a, guest: spin}] \\ actions: [{at: 1 s, do: set-scheduler, pool: Pool-0, parameters: {slice_us: 20}}] | slice_us cannot be changed while it runs",
                "schedulers: [Idler.java] \\ domains: [{name: a, guest: spin}] \\ actions: [{at: 1 s, do: set-scheduler, pool: Pool-0, parameters: {slices: 20}}] | no parameter 'slices'; it has slice_us",
                "domains: [{name: a, pool: P, guest: spin}] \\ actions: [{at: 1 s, do: pool-create, pool: P}] | domain 'a': no pool 'P'",
                "schedulers: [Idler.java:slice_us=9] \\ domains: [{name: a, guest: spin}] | scheduler Idler: slice_us takes 10 to 1000 us",
            })
    void refusesWithFileLineAndColumn(String text, String message) {
        assertThatThrownBy(() -> parse(text.strip().replace(" \\ ", "\n")))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(message)
                .hasMessageStartingWith("s.yaml:")
                .hasMessageNotContaining("\n");
    }

    @Test
    void makesCopies() throws IOException {
        Scenario scenario = parse(
                """
                domains:
                  - {name: a, copies: 3, weight: 512, guest: spin}
                  - {name: b, guest: spin}
                """);

        assertThat(scenario.domains().stream().map(d -> d.id() + d.name() + d.weight()))
                .containsExactly("1a1512", "2a2512", "3a3512", "4b256");
    }

    @Test
    void coresOfOneThreadAreScheduledByThemselves() throws IOException {
        Scenario cores = parse(
                """
                machine: {threadsPerCore: 2, sched-gran: core}
                domains: [{name: a, guest: spin}]
                """);
        Scenario threads = parse(
                """
                machine: {pcpus: 2, sched-gran: core}
                domains: [{name: a, guest: spin}]
                """);

        assertThat(cores.granularity()).isEqualTo(SchedGranularity.CORE);
        assertThat(cores.setting()).startsWith("2 pCPUs, scheduled by core, ");
        assertThat(threads.granularity()).isEqualTo(SchedGranularity.CPU);
        assertThat(threads.warnings())
                .containsExactly("sched-gran=core: each core has one pCPU, and is scheduled by itself");
    }

    @Test
    void readsWhatAnOperatorDoes() throws IOException {
        Scenario s = parse(
                """
                machine: {pcpus: 2}
                domains:
                  - {name: a, vcpus: 2, guest: spin}
                  - {name: late, pool: mine, cpus: 1, guest: spin}
                actions:
                  - {at: 3 s, do: create, domain: late}
                  - {at: 1 s, do: cpu-remove, pool: Pool-0, cpus: 1}
                  - {at: 2 s, do: pool-create, pool: mine}
                  - {at: 2 s, do: cpu-add, pool: mine, cpus: 1}
                  - {at: 4 s, do: move, domain: a, pool: mine}
                  - {at: 5 s, do: destroy, domain: late}
                  - {at: 6 s, do: pool-destroy, pool: mine}
                """);

        long second = 1_000_000_000L;
        assertThat(s.actions())
                .containsExactly(
                        new Action.CpuRemove(second, "Pool-0", CpuSet.of(1)),
                        new Action.PoolCreate(2 * second, new Scenario.Pool("mine", CpuSet.of(), null)),
                        new Action.CpuAdd(2 * second, "mine", CpuSet.of(1)),
                        new Action.Create(3 * second, "late"),
                        new Action.Move(4 * second, "a", "mine"),
                        new Action.Destroy(5 * second, "late"),
                        new Action.PoolDestroy(6 * second, "mine"));
        assertThat(s.pools()).hasSize(1);
        assertThat(s.domains().get(1).pool()).isEqualTo("mine");
    }

    @Provide
    Arbitrary<String> yamlish() {
        return Arbitraries.of(
                        "domains",
                        "name",
                        ": ",
                        "[",
                        "]",
                        "{",
                        "}",
                        ", ",
                        "\n",
                        "- ",
                        "  ",
                        "a",
                        "0-3",
                        "guest",
                        "spin",
                        "cpus",
                        "weight",
                        "5 s",
                        "duration",
                        "&x ",
                        "*x",
                        "!!int ",
                        "'",
                        "\"",
                        "#",
                        "machine",
                        "pcpus",
                        "|",
                        "actions",
                        "at",
                        "do",
                        "pools",
                        "-1",
                        "99999999999999999999")
                .list()
                .ofMaxSize(30)
                .map(pieces -> String.join("", pieces));
    }

    @Property(tries = 3000)
    void refusesAnyOtherTextInOneLine(@ForAll @From("yamlish") String text) {
        try {
            ScenarioReader.parse(text, "s.yaml", Path.of("nowhere"), new SchedulerCatalog());
        } catch (InputException e) {
            assertThat(e.getMessage()).startsWith("s.yaml:").doesNotContain("\n");
        }
    }
}
