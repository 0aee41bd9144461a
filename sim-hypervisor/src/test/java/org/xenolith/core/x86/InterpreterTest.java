package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.core.x86.Cpu.RAX;
import static org.xenolith.core.x86.Cpu.RBX;
import static org.xenolith.core.x86.Cpu.RCX;
import static org.xenolith.core.x86.Cpu.RDI;
import static org.xenolith.core.x86.Cpu.RDX;
import static org.xenolith.core.x86.Cpu.RSI;
import static org.xenolith.core.x86.Snippet.CODE;
import static org.xenolith.core.x86.Snippet.DATA;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The loop: blocks, budgets, faults, and code that changes under it. */
class InterpreterTest {
    private static final String FOREVER = "eb fe"; // jmp .

    @ParameterizedTest
    @CsvSource({
        "alu, 53c1a9166583091b",
        "fib, 213d05",
        "sieve, 245c5",
        "mix, e58d4f27",
    })
    void guestsComputeWhatTheSameCodeComputesOnTheHost(String name, String result) {
        BareMetal guest = new BareMetal(name);
        guest.reset();
        guest.run();
        assertThat(guest.cpu.r[RAX]).isEqualTo(Long.parseUnsignedLong(result, 16));
    }

    @Test
    void aGuestComesFromItsPvhEntryToTheSameResult() {
        BareMetal guest = new BareMetal("mix", false);
        guest.resetToPvh();
        guest.run();
        assertThat(guest.cpu.exit.reason).isEqualTo(CpuExit.Reason.OUT);
        assertThat(guest.cpu.exit.value).isEqualTo(0xe58d4f27L);
        assertThat(guest.cpu.mode).isEqualTo(Insn.Mode.BITS_64);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 7, 1000})
    void budgetsOfAnySizeComeToTheSame(long budget) {
        Snippet whole = budgeted();
        Snippet parts = budgeted();
        long total = 0;
        while (total < 30_000) {
            long executed = parts.cpu.run(Math.min(budget, 30_000 - total));
            assertThat(executed).isEqualTo(Math.min(budget, 30_000 - total));
            total += executed;
        }
        whole.run(30_000);
        assertThat(parts.cpu.r).isEqualTo(whole.cpu.r);
        assertThat(parts.cpu.rip).isEqualTo(whole.cpu.rip);
        assertThat(parts.cpu.rflags()).isEqualTo(whole.cpu.rflags());
        assertThat(Arrays.equals(parts.memory.bytes(), whole.memory.bytes())).isTrue();
    }

    /** A loop with a call, a repeated string instruction and arithmetic. */
    private static Snippet budgeted() {
        return Snippet.of(
                        "b9 0d 00 00 00", // 00 mov ecx, 13
                        "bf 00 00 02 00", // 05 mov edi, DATA
                        "f3 aa", // 0a rep stosb
                        "48 01 f8", // 0c add rax, rdi
                        "48 d1 c0", // 0f rol rax, 1
                        "e8 02 00 00 00", // 12 call 19
                        "eb e7", // 17 jmp 00
                        "48 ff c3", // 19 inc rbx
                        "c3") // 1c ret
                .with(RAX, 12345);
    }

    @Test
    void aRepetitionCountsAsAnInstruction() {
        Snippet s = Snippet.of("f3 aa", FOREVER).with(RCX, 5).with(RDI, DATA);
        assertThat(s.cpu.run(3)).isEqualTo(3);
        assertThat(s.r(RCX)).isEqualTo(2);
        assertThat(s.cpu.rip).isEqualTo(CODE);
        s.run(2);
        assertThat(s.r(RCX)).isZero();
        assertThat(s.cpu.rip).isEqualTo(CODE + 2);
    }

    @Test
    void aRepetitionOfNoneIsOneInstruction() {
        Snippet s = Snippet.of("f3 aa", FOREVER).with(RCX, 0).with(RDI, DATA).run(1);
        assertThat(s.cpu.rip).isEqualTo(CODE + 2);
        assertThat(s.r(RDI)).isEqualTo(DATA);
    }

    @Test
    void aFaultLeavesRipAtTheInstructionAndWhatWentBeforeDone() {
        Snippet s = Snippet.of(
                        "ff c0", // inc eax
                        "31 db", // xor ebx, ebx
                        "f7 f3", // div ebx
                        "ff c0") // inc eax
                .with(RBX, 9);
        assertThat(s.cpu.run(100)).isEqualTo(3);
        assertThat(s.cpu.exit.reason).isEqualTo(CpuExit.Reason.EXCEPTION);
        assertThat(s.cpu.exit.number).isEqualTo(Fault.DE);
        assertThat(s.cpu.rip).isEqualTo(CODE + 4);
        assertThat(s.r(RAX)).isEqualTo(1);
        assertThat(s.r(RBX)).isZero();
    }

    @Test
    void aFaultWithinARepetitionKeepsWhatIsDone() {
        // The last byte below the end of memory, then none.
        Snippet s = Snippet.of("f3 aa").with(RCX, 5).with(RDI, (256 << 12) - 2);
        s.cpu.run(100);
        assertThat(s.cpu.exit.reason).isEqualTo(CpuExit.Reason.MMIO_WRITE);
        assertThat(s.r(RCX)).isEqualTo(3);
        assertThat(s.r(RDI)).isEqualTo(256 << 12);
    }

    @Test
    void whatTheCoreHasNotIsAnUndefinedOpcode() {
        Snippet s = Snippet.of("90", "0f 0b"); // nop; ud2
        assertThat(s.cpu.run(10)).isEqualTo(2);
        assertThat(s.cpu.exit.number).isEqualTo(Fault.UD);
        assertThat(s.cpu.rip).isEqualTo(CODE + 1);
    }

    @Test
    void aWriteIntoTheRunningBlockTakesEffectAtTheNextInstruction() {
        Snippet s = Snippet.of(
                "c6 05 02 00 00 00 c3", // 00 mov byte [rip + 2], 0xc3: into the mov below
                "90", // 07 nop
                "90", // 08 nop
                "b3 01"); // 09 mov bl, 1: its opcode becomes c3, ret
        s.put(Snippet.STACK - 8, "00 00 02 00 00 00 00 00").put(DATA, FOREVER).with(Cpu.RSP, Snippet.STACK - 8);
        s.run(4);
        assertThat(s.cpu.rip).isEqualTo(DATA);
        assertThat(s.r(RBX)).isZero();
    }

    @Test
    void codeThatIsPatchedOverAndOverIsExecutedAsItIs() {
        Snippet s = Snippet.of(
                "88 0d 04 00 00 00", // 00 mov [rip + 4], cl: the immediate below
                "81 c3 00 00 00 00", // 06 add ebx, 0
                "ff c9", // 0c dec ecx
                "75 f0", // 0e jnz 00
                FOREVER);
        // The immediate begins at 08; the displacement counts from 06, so 02.
        s.put(CODE + 2, "02").with(RCX, 100);
        s.run(400);
        assertThat(s.r(RBX)).isEqualTo(5050);
    }

    @Test
    void aWriteFromOutsideIsSeen() {
        Snippet s = Snippet.of("ff c0", "eb fc"); // 00 inc eax; 02 jmp 00
        s.run(1000);
        assertThat(s.r(RAX)).isEqualTo(500);
        s.memory.put8(CODE + 1, 0xc8); // dec eax
        s.run(1000);
        assertThat(s.r(RAX)).isZero();
    }

    @Test
    void dataBesideCodeIsWrittenWithoutLosingTheCode() {
        Snippet s = Snippet.of(
                        "48 89 07", // 00 mov [rdi], rax
                        "48 83 c0 01", // 03 add rax, 1
                        "eb f7") // 07 jmp 00
                .with(RDI, CODE + 0x800);
        s.run(3000);
        assertThat(s.r(RAX)).isEqualTo(1000);
        assertThat(s.memory.get64(CODE + 0x800)).isEqualTo(999);
    }

    @Test
    void aFrameWhoseCodeIsAllOverwrittenIsDataAgain() {
        Snippet s = Snippet.of("90", FOREVER);
        s.run(10);
        assertThat(s.memory.isCode(CODE >> 12)).isTrue();
        s.memory.fill(CODE, 4096, (byte) 0x90);
        assertThat(s.memory.isCode(CODE >> 12)).isFalse();
    }

    @Test
    void anInstructionMayCrossIntoTheNextPage() {
        int at = CODE + 0x1000 - 4;
        Snippet s = Snippet.of()
                .put(at, "48 b8 88 77 66 55 44 33 22 11") // mov rax, 0x1122334455667788
                .put(at + 10, "89 c3", "eb f2"); // mov ebx, eax; jmp at
        s.cpu.rip = at;
        s.run(2);
        assertThat(s.r(RAX)).isEqualTo(0x1122334455667788L);
        assertThat(s.r(RBX)).isEqualTo(0x55667788L);
        s.run(1);
        s.memory.put8(CODE + 0x1000, 0x99); // in the second page
        s.run(1);
        assertThat(s.r(RAX)).isEqualTo(0x1122334455997788L);
        s.run(2);
        s.memory.put8(at + 2, 0x11); // in the first
        s.run(1);
        assertThat(s.r(RAX)).isEqualTo(0x1122334455997711L);
    }

    @Test
    void theSameBytesAtAnotherOffsetOrInAnotherModeAreAnotherBlock() {
        Snippet s = Snippet.of("48 ff c8", FOREVER); // dec rax; or dec eax, dec eax in 32-bit mode
        s.run(1);
        assertThat(s.r(RAX)).isEqualTo(-1);
        s.cpu.mode = Insn.Mode.BITS_32;
        s.cpu.mmu.select();
        s.cpu.rip = CODE;
        s.run(2);
        assertThat(s.r(RAX)).isEqualTo(0xfffffffdL);
        s.cpu.segmentBase[Cpu.CS] = CODE;
        s.cpu.rip = 0;
        s.run(2);
        assertThat(s.r(RAX)).isEqualTo(0xfffffffbL);
        assertThat(s.cpu.rip).isEqualTo(3);
    }

    @Test
    void stringsAreMovedBothWays() {
        Snippet up = Snippet.of("f3 a4", FOREVER).put(DATA, "01 02 03 04");
        up.with(RSI, DATA).with(RDI, DATA + 1).with(RCX, 3).run(3);
        assertThat(up.memory.get32(DATA)).isEqualTo(0x01010101);
        Snippet down = Snippet.of("fd", "f3 a4", FOREVER).put(DATA, "01 02 03 04");
        down.with(RSI, DATA + 2).with(RDI, DATA + 3).with(RCX, 3).run(4);
        assertThat(down.memory.get32(DATA)).isEqualTo(0x03020101);
        assertThat(down.r(RSI)).isEqualTo(DATA - 1);
    }

    @Test
    void comparisonsOfStringsStopAtTheirFlag() {
        Snippet s = Snippet.of("f3 a6", FOREVER).put(DATA, "01 02 03 04").put(DATA + 16, "01 02 04 04");
        s.with(RSI, DATA).with(RDI, DATA + 16).with(RCX, 4).run(3);
        assertThat(s.r(RCX)).isEqualTo(1);
        assertThat(s.cpu.cf()).isTrue();
        assertThat(s.cpu.zf()).isFalse();
        Snippet scan = Snippet.of("f2 ae", FOREVER).put(DATA, "01 02 03 04");
        scan.with(RAX, 3).with(RDI, DATA).with(RCX, -1).run(3);
        assertThat(scan.r(RDI)).isEqualTo(DATA + 3);
        assertThat(scan.r(RCX)).isEqualTo(-4);
    }

    @Test
    void stacksOf32And16BitsKeepToTheirSize() {
        Snippet s = new Snippet(Insn.Mode.BITS_32, "66 50", "50", "66 5b", "5a").with(RAX, 0xdeadbeefL);
        s.run(3);
        assertThat(s.r(Cpu.RSP)).isEqualTo(Snippet.STACK - 4);
        assertThat(s.r(RBX)).isEqualTo(0xbeef);
        s.run(1);
        assertThat(s.r(RDX)).isEqualTo(0xbeefdeadL);
        Snippet real = new Snippet(Insn.Mode.BITS_16, "50").with(RAX, 0x1234);
        real.cpu.rip = 0;
        real.cpu.segmentBase[Cpu.CS] = CODE;
        real.cpu.segmentBase[Cpu.SS] = DATA;
        real.with(Cpu.RSP, 0).run(1);
        assertThat(real.r(Cpu.RSP)).isEqualTo(0xfffe);
        assertThat(real.memory.get16(DATA + 0xfffe)).isEqualTo(0x1234);
    }

    @Test
    void movbeTurnsBytesAround() {
        Snippet s = Snippet.of("0f38f003", "66 0f38f00b", "48 0f38f013", "48 0f38f1 5308")
                .put(Snippet.DATA, "11223344 55667788")
                .with(Cpu.RBX, Snippet.DATA)
                .with(Cpu.RAX, -1)
                .with(Cpu.RCX, -1)
                .run(4);
        assertThat(s.r(Cpu.RAX)).isEqualTo(0x11223344L);
        assertThat(s.r(Cpu.RCX)).isEqualTo(0xffffffff_ffff1122L);
        assertThat(s.r(Cpu.RDX)).isEqualTo(0x1122334455667788L);
        assertThat(s.cpu.mmu.read64(Snippet.DATA + 8)).isEqualTo(0x8877665544332211L);
    }
}
