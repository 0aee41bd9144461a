package org.xenolith.toolstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import org.junit.jupiter.api.Test;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.hypervisor.Domain;

class XlConfigTest {
    private static XlConfig parse(String text) {
        return XlConfig.parse(text, "x.cfg");
    }

    @Test
    void readsWhatIsModelledAndNamesTheRest() {
        XlConfig config = parse(
                """
                # a guest
                name = "web"; type='pvh'
                vcpus=3          # three
                cpus = ["0-1", "2",
                        "0-3,^2"]
                cpus_soft = "1"
                cpu_weight = 0x200
                cap = 150
                memory = 512
                pool = "Pool-1"
                period = 20000
                budget = 5000
                extratime = 0
                kernel = "/boot/vmlinuz"
                disk = [ 'phy:/dev/sda,xvda,w' ]
                """);

        assertThat(config.name()).isEqualTo("web");
        assertThat(config.type()).isEqualTo(Domain.Type.PVH);
        assertThat(config.vcpus()).isEqualTo(3);
        assertThat(config.hard()).containsExactly(CpuSet.of(0, 1), CpuSet.of(2), CpuSet.of(0, 1, 3));
        assertThat(config.soft()).containsExactly(CpuSet.of(1), CpuSet.of(1), CpuSet.of(1));
        assertThat(config.weight()).isEqualTo(512);
        assertThat(config.cap()).isEqualTo(150);
        assertThat(config.memoryMebibytes()).isEqualTo(512);
        assertThat(config.pool()).isEqualTo("Pool-1");
        assertThat(config.scheduling()).isEqualTo(Map.of("period_us", 20_000L, "budget_us", 5000L, "extratime", 0L));
        assertThat(config.warnings()).containsExactly("x.cfg: not modelled: disk");
    }

    @Test
    void hasXlsDefaults() {
        XlConfig config = parse("name='a'\n");

        assertThat(config)
                .isEqualTo(new XlConfig(
                        "a",
                        Domain.Type.PV,
                        1,
                        null,
                        null,
                        256,
                        0,
                        Map.of(),
                        128,
                        "Pool-0",
                        null,
                        XlConfig.Ends.DEFAULT,
                        List.of()));
    }

    @Test
    void readsWhatIsBooted() {
        XlConfig config = parse(
                """
                name = "web"; type = "pvh"
                kernel = "boot/vmlinuz"
                ramdisk = "boot/initrd"
                root = "/dev/xvda1"
                extra = "console=hvc0 quiet"
                memory = 256
                maxmem = 512
                on_poweroff = "preserve"
                on_crash = 'coredump-destroy'
                """);

        assertThat(config.boot())
                .isEqualTo(new XlConfig.Boot("boot/vmlinuz", "boot/initrd", "root=/dev/xvda1 console=hvc0 quiet"));
        assertThat(config.ends().after(0)).isEqualTo(XlConfig.End.PRESERVE);
        assertThat(config.ends().after(1)).isEqualTo(XlConfig.End.RESTART);
        assertThat(config.ends().after(3)).isEqualTo(XlConfig.End.COREDUMP_DESTROY);
        assertThat(config.warnings())
                .containsExactly("x.cfg: not modelled: maxmem above memory, the guest keeps the memory it starts with");
        assertThat(parse("name='a'\nkernel='k'\nextra='a'").boot()).isEqualTo(new XlConfig.Boot("k", null, "a"));
        assertThat(parse("name='a'\nkernel='k'\ncmdline='b'\nextra='a'").boot().commandLine())
                .isEqualTo("b");
    }

    @Test
    void refusesWhatCannotBeBootedSo() {
        assertThatThrownBy(() -> parse("name='a'\nmemory=64\nmaxmem=32"))
                .hasMessage("x.cfg:3:8: maxmem must be a whole number from 64 to 16777216, not '32'");
        assertThatThrownBy(() -> parse("name='a'\non_crash='explode'"))
                .hasMessage("x.cfg:2:10: on_crash must be one of [destroy, restart, rename-restart, preserve,"
                        + " coredump-destroy, coredump-restart, soft-reset], not 'explode'");
    }

    @Test
    void readsTheConfigsOfTheRecordedTraces() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("../traces"))) {
            List<XlConfig> configs = files.filter(f -> f.toString().endsWith(".cfg"))
                    .map(XlConfig::load)
                    .toList();
            assertThat(configs).hasSizeGreaterThan(20).allMatch(c -> c.memoryMebibytes() == 192);
        }
    }

    @Test
    void refusesWithFileLineAndColumn() {
        assertThatThrownBy(() -> parse("name='a'\ncap = 'x'"))
                .isInstanceOf(InputException.class)
                .hasMessage("x.cfg:2:7: cap must be a whole number from 0 to 6400, not 'x'");
        assertThatThrownBy(() -> parse("name='a'\n\ncpu_weight = 0"))
                .hasMessage("x.cfg:3:14: cpu_weight must be a whole number from 1 to 65535, not '0'");
        assertThatThrownBy(() -> parse("name='a")).hasMessage("x.cfg:1:6: the text's closing ' is missing");
        assertThatThrownBy(() -> parse("name='a'\ncpus=['0'"))
                .hasMessage("x.cfg:2:10: expected ',' or ']' in the list that begins at x.cfg:2:6");
        assertThatThrownBy(() -> parse("name='a' vcpus=2"))
                .hasMessage("x.cfg:1:10: expected the end of the line, found 'v'");
        assertThatThrownBy(() -> parse("vcpus=2")).hasMessage("x.cfg: 'name' is missing");
        assertThatThrownBy(() -> parse("name='a'\ncpus='3-1'"))
                .hasMessage("x.cfg:2:6: '3-1' is no list of pCPUs; write it as 0-3,6 or 0-7,^2 or all");
    }

    @Property(tries = 2000)
    void refusesAnyOtherTextInOneLine(@ForAll @CharRange(from = '\n', to = 'z') String text) {
        try {
            parse("name = 'a'\n" + text);
        } catch (InputException e) {
            assertThat(e.getMessage()).startsWith("x.cfg:").doesNotContain("\n");
        }
    }
}
