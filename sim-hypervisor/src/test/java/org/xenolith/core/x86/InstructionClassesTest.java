package org.xenolith.core.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenolith.machine.InstructionClass;

class InstructionClassesTest {
    @Test
    void namesAreOfInstructionsThatThereAreAndOfOneKind() {
        Set<String> table = InstructionTable.standard().rows().stream()
                .map(row -> row.entry().semantics())
                .collect(Collectors.toSet());
        List<String> names = InstructionClasses.NAMES.values().stream()
                .flatMap(text -> Arrays.stream(text.split(" ")))
                .toList();
        assertThat(names).doesNotHaveDuplicates();
        assertThat(table).containsAll(names);
    }

    @ParameterizedTest
    @CsvSource({
        "01d8, ALU", // add eax, ebx
        "488d4708, ALU", // lea rax, [rdi+8]
        "90, ALU",
        "0faf07, MULTIPLY", // imul eax, [rdi]
        "f7f3, DIVIDE", // div ebx
        "8b07, LOAD", // mov eax, [rdi]
        "0307, LOAD", // add eax, [rdi]
        "833f00, LOAD", // cmp dword [rdi], 0
        "58, LOAD", // pop rax
        "8907, STORE", // mov [rdi], eax
        "830701, STORE", // add dword [rdi], 1
        "50, STORE", // push rax
        "7400, BRANCH", // je
        "c3, BRANCH", // ret
        "f3a4, STRING", // rep movsb
        "0f58c1, FLOATING", // addps xmm0, xmm1
        "0f1007, FLOATING", // movups xmm0, [rdi]
        "d907, FLOATING", // fld dword [rdi]
        "d8c1, FLOATING", // fadd st, st(1)
        "0fa2, SYSTEM", // cpuid
        "0f22d8, SYSTEM", // mov cr3, rax
        "8ed8, SYSTEM", // mov ds, eax
        "0f0b, SYSTEM", // ud2
    })
    void everyInstructionIsOfAKind(String code, InstructionClass kind) {
        byte[] bytes = Arrays.copyOf(HexFormat.of().parseHex(code), Insn.MOST_BYTES);
        Insn insn = new Decoder().decode(bytes, 0, bytes.length, 0, Insn.Mode.BITS_64);
        assertThat(InstructionClasses.of(insn)).isEqualTo(kind);
    }
}
