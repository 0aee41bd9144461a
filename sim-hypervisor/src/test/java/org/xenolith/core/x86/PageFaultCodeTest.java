package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What an access to a page comes to, by the page's rights, the CPU's settings and who makes it. */
class PageFaultCodeTest {
    private static final int PAGE = 0x40000000; // by an entry of its own for 1 GiB, mapped to the begin of memory
    private static final int PLACE = LongMode.TOP + 0x1000 + 8;

    private final LongMode m = new LongMode();

    /**
     * {@code page}: the entry's set bits, of P W U G X (no execute) R (a reserved one); {@code cpu}: settings beside NXE, WP and SMAP off,
     * of n (no NXE), w (no WP), e (SMEP), a (SMAP), c (RFLAGS.AC); {@code code}: error code, or -1 where it is allowed.
     */
    @ParameterizedTest(name = "{0} by {1} {2}: {3}")
    @CsvSource({
        "-, kernel read, -, 0",
        "-, kernel write, -, 2",
        "-, user read, -, 4",
        "-, user write, -, 6",
        "-, kernel fetch, -, 16",
        "-, user fetch, -, 20",
        "-, user fetch, n, 4",
        "-, user fetch, ne, 20",
        "P, kernel read, -, -1",
        "P, kernel fetch, -, -1",
        "P, kernel write, -, 3",
        "P, kernel write, w, -1",
        "P, user read, -, 5",
        "P, user write, w, 7",
        "P, user fetch, -, 21",
        "PW, kernel write, -, -1",
        "PW, user write, -, 7",
        "PU, user read, -, -1",
        "PU, user fetch, -, -1",
        "PU, user write, -, 7",
        "PU, user write, w, 7",
        "PU, kernel write, w, -1",
        "PWU, user write, -, -1",
        "PX, kernel fetch, -, 17",
        "PX, kernel read, -, -1",
        "PUX, user fetch, -, 21",
        "PUX, user fetch, n, 13",
        "PUX, user read, n, 13",
        "PU, kernel fetch, -, -1",
        "PU, kernel fetch, e, 17",
        "P, kernel fetch, e, -1",
        "PU, kernel read, a, 1",
        "PWU, kernel write, a, 3",
        "PWU, kernel write, ac, -1",
        "PU, kernel read, ac, -1",
        "PU, kernel fetch, a, -1",
        "PU, user read, a, -1",
        "P, kernel read, a, -1",
        "PWUR, kernel read, -, 9",
        "PWUR, kernel write, -, 11",
        "PWUR, user read, -, 13",
        "PWUR, user write, -, 15",
        "PWUR, user fetch, -, 29",
        "WUR, user read, -, 4",
    })
    void accessIsAllowedOrFaultsWithTheRightCode(String page, String access, String cpu, int code) {
        long entry = 0x80;
        entry |= page.contains("P") ? 1 : 0;
        entry |= page.contains("W") ? 2 : 0;
        entry |= page.contains("U") ? 4 : 0;
        entry |= page.contains("X") ? 1L << 63 : 0;
        entry |= page.contains("R") ? 1L << 45 : 0;
        m.memory.put64(PLACE, entry);
        SystemState s = m.cpu.system;
        s.efer ^= cpu.contains("n") ? PageWalk.EFER_NXE : 0;
        s.cr0 ^= cpu.contains("w") ? PageWalk.CR0_WP : 0;
        s.cr4 |= cpu.contains("e") ? PageWalk.CR4_SMEP : 0;
        s.cr4 |= cpu.contains("a") ? PageWalk.CR4_SMAP : 0;
        m.cpu.setRflags(cpu.contains("c") ? Cpu.AC : 0);
        if (access.startsWith("user")) {
            m.user();
        }
        m.cpu.segments.update();

        assertThat(outcome(access.substring(access.indexOf(' ') + 1))).isEqualTo(code);
        long set = m.memory.get64(PLACE) & 0x60;
        assertThat(set).isEqualTo(code >= 0 ? 0 : access.endsWith("write") ? 0x60 : 0x20);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x87, 0x3007})
    void invalidatingAnyPartOfALargePageForgetsAllOfIt(long entry) {
        m.memory.put64(PLACE, entry);
        m.memory.put64(0x3000, 0x87); // a table of pages of 2 MiB
        m.cpu.mmu.read8(PAGE + 0x1000);
        m.cpu.mmu.write8(PAGE + 0x9000, 1);
        m.memory.put64(entry == 0x87 ? PLACE : 0x3000, 0);
        m.cpu.mmu.flushPage(PAGE + 0x5000);
        for (long address : new long[] {PAGE + 0x1000, PAGE + 0x9000}) {
            assertThatThrownBy(() -> m.cpu.mmu.read8(address)).isInstanceOf(Fault.class);
        }
    }

    private int outcome(String access) {
        try {
            switch (access) {
                case "read" -> m.cpu.mmu.read32(PAGE + 8);
                case "write" -> m.cpu.mmu.write32(PAGE + 8, 1);
                default -> m.cpu.mmu.fetch(PAGE + 8);
            }
            return -1;
        } catch (Fault fault) {
            assertThat(fault.vector).isEqualTo(Fault.PF);
            assertThat(fault.address).isEqualTo(PAGE + 8);
            return fault.errorCode;
        }
    }
}
