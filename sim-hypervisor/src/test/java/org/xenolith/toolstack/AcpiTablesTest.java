package org.xenolith.toolstack;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenolith.machine.LittleEndian;

class AcpiTablesTest {
    private static String text(byte[] bytes, int at, int length) {
        return new String(bytes, at, length, StandardCharsets.US_ASCII);
    }

    private static int sum(byte[] bytes, int at, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += bytes[at + i];
        }
        return sum & 0xff;
    }

    private static int offset(byte[] bytes, int at) {
        return (int) (LittleEndian.get64(bytes, at) - AcpiTables.BASE);
    }

    /** Checks a table's sum, and that it lies before the root pointer; its length. */
    private static int table(byte[] bytes, int at, String signature) {
        int length = LittleEndian.get32(bytes, at + 4);
        assertThat(text(bytes, at, 4)).isEqualTo(signature);
        assertThat(at + length).isLessThanOrEqualTo(bytes.length - AcpiTables.ROOT_BYTES);
        assertThat(sum(bytes, at, length)).as(signature).isZero();
        return length;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 5, 32, 128})
    void everythingIsReachedFromTheRootWithRightSums(int vcpus) {
        AcpiTables tables = new AcpiTables(vcpus);
        byte[] bytes = tables.bytes();
        int root = (int) (tables.rootPointer() - AcpiTables.BASE);
        assertThat(text(bytes, root, 8)).isEqualTo("RSD PTR ");
        assertThat(sum(bytes, root, 20)).isZero();
        assertThat(sum(bytes, root, 36)).isZero();

        int xsdt = offset(bytes, root + 24);
        assertThat(table(bytes, xsdt, "XSDT")).isEqualTo(52);
        int fadt = offset(bytes, xsdt + 36);
        assertThat(table(bytes, fadt, "FACP")).isEqualTo(268);
        int dsdt = offset(bytes, fadt + 140);
        int dsdtLength = table(bytes, dsdt, "DSDT");
        assertThat(dsdt + dsdtLength).isLessThanOrEqualTo(fadt);
        assertThat(text(bytes, offset(bytes, fadt + 132), 4)).isEqualTo("FACS");
        int madt = offset(bytes, xsdt + 44);
        assertThat(table(bytes, madt, "APIC")).isEqualTo(44 + 8 * vcpus);
        for (int vcpu = 0; vcpu < vcpus; vcpu++) {
            assertThat(bytes[madt + 44 + 8 * vcpu + 2]).isEqualTo((byte) vcpu);
            assertThat(bytes[madt + 44 + 8 * vcpu + 3]).isEqualTo((byte) (2 * vcpu));
        }

        assertThat(walk(bytes, dsdt + 36, dsdt + dsdtLength)).isEqualTo(vcpus);
    }

    /** Reads the code by the grammar of AML, as far as it is used; how many processor objects there are. */
    private static int walk(byte[] bytes, int from, int to) {
        assertThat(bytes[from]).isEqualTo((byte) 0x10);
        int scopeEnd = end(bytes, from + 1);
        assertThat(bytes[scopeEnd]).isEqualTo((byte) 0x10);
        assertThat(end(bytes, scopeEnd + 1)).isEqualTo(to);
        assertThat(text(bytes, scopeEnd + 2, 5)).isEqualTo("\\_GPE");
        int at = from + 1 + width(bytes, from + 1);
        assertThat(text(bytes, at, 5)).isEqualTo("\\_SB_");
        at += 5;
        int processors = 0;
        while (bytes[at + 1] == (byte) 0x83) {
            assertThat(bytes[at]).isEqualTo((byte) 0x5b);
            int name = at + 2 + width(bytes, at + 2);
            assertThat(text(bytes, name, 4)).isEqualTo(String.format("PR%02X", processors));
            assertThat(bytes[name + 4]).isEqualTo((byte) processors);
            at = end(bytes, at + 2);
            assertThat(at).isEqualTo(name + 10);
            processors++;
        }
        // then a region of ports, named and 14 bytes long, and the fields in it
        assertThat(text(bytes, at, 6)).isEqualTo("[\ufffdPRST");
        assertThat(end(bytes, at + 14)).isEqualTo(scopeEnd);
        return processors;
    }

    private static int width(byte[] bytes, int at) {
        return 1 + ((bytes[at] & 0xff) >> 6);
    }

    private static int end(byte[] bytes, int at) {
        int length = width(bytes, at) == 1 ? bytes[at] & 0x3f : bytes[at] & 0xf | (bytes[at + 1] & 0xff) << 4;
        return at + length;
    }

    @ParameterizedTest
    @ValueSource(ints = 1)
    void oneProcessorsTablesAreWhereTheRecordedBootHasThem(int vcpus) {
        AcpiTables tables = new AcpiTables(vcpus);
        int root = (int) (tables.rootPointer() - AcpiTables.BASE);

        assertThat(tables.rootPointer()).isEqualTo(0xfc008000L);
        assertThat(LittleEndian.get64(tables.bytes(), root + 24)).isEqualTo(0xfc007f50L);
        assertThat(tables.bytes()).hasSize(0x8040);
    }
}
