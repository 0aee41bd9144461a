package org.xenolith.toolstack;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The ACPI tables of a PVH guest, with the content and at the addresses of those of Xen's toolstack: what processors there are, and that
 * there is hardly any other hardware. Formats: ACPI specification 6.2, chapters 5 and 20. The DSDT is our own; Xen's differs in having
 * processor objects for hotplug.
 */
final class AcpiTables {
    /** Physical address at which the page before the tables begins. */
    static final long BASE = 0xfc000000L;

    /** Bytes from the root pointer on that belong to it, though it is shorter. */
    static final int ROOT_BYTES = 64;

    private static final int PAGE = GuestRam.PAGE;
    private static final int FACS = PAGE;
    private static final int FACS_SIZE = 64;
    private static final int DSDT = FACS + FACS_SIZE;

    /** Behind the DSDT of Xen's toolstack; ours is shorter. */
    private static final int FADT = 0x7d60;

    private static final int FADT_SIZE = 268;
    private static final int MADT = 0x7e70;

    /** What Xen's toolstack sets aside for interrupt controllers that a PVH guest does not have. */
    private static final int MADT_SPARE = 172;

    private static final int HEADER = 36;
    private static final int CHECKSUM = 9;
    private static final int LAPIC_ADDRESS = 0xfee00000;

    private static final int SCI_INTERRUPT = 9;
    private static final int PM1A_EVENT_BLOCK = 0xb000;
    private static final int PM1A_CONTROL_BLOCK = 0xb004;
    private static final int GPE0_BLOCK = 0xafe0;
    private static final int RESET_PORT = 0xcf9;
    private static final int PROCESSOR_BLOCK = 0xb010;

    private static final int WBINVD = 1;
    private static final int PROC_C1 = 1 << 2;
    private static final int PWR_BUTTON = 1 << 4;
    private static final int SLP_BUTTON = 1 << 5;
    private static final int FIX_RTC = 1 << 6;
    private static final int TMR_VAL_EXT = 1 << 8;
    private static final int USE_PLATFORM_CLOCK = 1 << 15;
    private static final int BOOT_NO_VGA = 1 << 2;

    private final byte[] bytes;
    private final int root;

    /** Tables for {@code vcpus} processors, 1 to 128. */
    AcpiTables(int vcpus) {
        int madtSize = HEADER + 8 + 8 * vcpus;
        int xsdt = MADT + madtSize + MADT_SPARE + 15 & -16;
        int xsdtSize = HEADER + 2 * 8;
        root = xsdt + xsdtSize + PAGE - 1 & -PAGE;
        bytes = new byte[root + ROOT_BYTES];
        firmwareControl();
        byte[] code = processors(vcpus);
        header(DSDT, "DSDT", HEADER + code.length, 5);
        System.arraycopy(code, 0, bytes, DSDT + HEADER, code.length);
        fixedDescription();
        processorControllers(vcpus, madtSize);
        header(xsdt, "XSDT", xsdtSize, 1);
        put64(xsdt + HEADER, BASE + FADT);
        put64(xsdt + HEADER + 8, BASE + MADT);
        for (int table : new int[] {DSDT, FADT, MADT, xsdt}) {
            bytes[table + CHECKSUM] = checksum(table, LittleEndian.get32(bytes, table + 4));
        }
        rootPointer(xsdt);
    }

    /** From {@link #BASE} on; a page of nothing comes first. */
    byte[] bytes() {
        return bytes;
    }

    /** Physical address of the root pointer. */
    long rootPointer() {
        return BASE + root;
    }

    private void firmwareControl() {
        text(FACS, "FACS");
        put32(FACS + 4, FACS_SIZE);
        bytes[FACS + 32] = 1; // version
    }

    private void fixedDescription() {
        header(FADT, "FACP", FADT_SIZE, 5);
        put32(FADT + 36, (int) BASE + FACS);
        put32(FADT + 40, (int) BASE + DSDT);
        LittleEndian.put16(bytes, FADT + 46, SCI_INTERRUPT);
        put32(FADT + 56, PM1A_EVENT_BLOCK);
        put32(FADT + 64, PM1A_CONTROL_BLOCK);
        put32(FADT + 80, GPE0_BLOCK);
        bytes[FADT + 88] = 4; // bytes of the PM1 event block
        bytes[FADT + 89] = 2; // and of the control block
        bytes[FADT + 92] = 4; // and of GPE block 0
        LittleEndian.put16(bytes, FADT + 96, 0x0fff); // latencies that say: no C2
        LittleEndian.put16(bytes, FADT + 98, 0x0fff); // and no C3
        LittleEndian.put16(bytes, FADT + 109, BOOT_NO_VGA);
        put32(FADT + 112, WBINVD | PROC_C1 | PWR_BUTTON | SLP_BUTTON | FIX_RTC | TMR_VAL_EXT | USE_PLATFORM_CLOCK);
        port(FADT + 116, 8, RESET_PORT);
        bytes[FADT + 128] = 6; // value to write there
        put64(FADT + 132, BASE + FACS);
        put64(FADT + 140, BASE + DSDT);
        port(FADT + 148, 32, PM1A_EVENT_BLOCK);
        port(FADT + 172, 16, PM1A_CONTROL_BLOCK);
    }

    /** A generic address structure for an I/O port. */
    private void port(int at, int bits, int port) {
        bytes[at] = 1;
        bytes[at + 1] = (byte) bits;
        put64(at + 4, port);
    }

    private void processorControllers(int vcpus, int size) {
        header(MADT, "APIC", size, 2);
        put32(MADT + HEADER, LAPIC_ADDRESS);
        put32(MADT + HEADER + 4, 1); // dual 8259 interrupt controllers, as Xen's has it
        for (int vcpu = 0; vcpu < vcpus; vcpu++) {
            int at = MADT + HEADER + 8 + 8 * vcpu;
            bytes[at + 1] = 8;
            bytes[at + 2] = (byte) vcpu;
            bytes[at + 3] = (byte) (2 * vcpu); // Xen's APIC ids are even
            put32(at + 4, 1);
        }
    }

    /** The DSDT's code: a scope {@code \_SB} with an object for each processor, the old kind that Xen uses. */
    private static byte[] processors(int vcpus) {
        ByteArrayOutputStream objects = new ByteArrayOutputStream();
        objects.writeBytes(new byte[] {'\\', '_', 'S', 'B', '_'});
        for (int vcpu = 0; vcpu < vcpus; vcpu++) {
            ByteArrayOutputStream object = new ByteArrayOutputStream();
            object.writeBytes(String.format(Locale.ROOT, "PR%02X", vcpu).getBytes(StandardCharsets.US_ASCII));
            object.write(vcpu);
            object.writeBytes(new byte[] {PROCESSOR_BLOCK & 0xff, (byte) (PROCESSOR_BLOCK >> 8), 0, 0, 6});
            objects.write(0x5b);
            objects.write(0x83);
            objects.writeBytes(packaged(object.toByteArray()));
        }
        ByteArrayOutputStream scope = new ByteArrayOutputStream();
        scope.write(0x10);
        scope.writeBytes(packaged(objects.toByteArray()));
        return scope.toByteArray();
    }

    /** AML's PkgLength, which counts its own bytes, and what it measures: at most 4 KiB. */
    private static byte[] packaged(byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (content.length + 1 < 0x40) {
            out.write(content.length + 1);
        } else {
            int length = content.length + 2;
            out.write(0x40 | length & 0xf);
            out.write(length >> 4);
        }
        out.writeBytes(content);
        return out.toByteArray();
    }

    private void rootPointer(int xsdt) {
        text(root, "RSD PTR ");
        text(root + 9, "Xen");
        bytes[root + 15] = 2;
        put32(root + 20, 36);
        put64(root + 24, BASE + xsdt);
        bytes[root + 8] = checksum(root, 20);
        bytes[root + 32] = checksum(root, 36);
    }

    private void header(int at, String signature, int length, int revision) {
        text(at, signature);
        put32(at + 4, length);
        bytes[at + 8] = (byte) revision;
        text(at + 10, "Xen");
        text(at + 16, "HVM");
        text(at + 28, "HVML");
    }

    /** What makes the sum of all its bytes 0, where its byte is still 0. */
    private byte checksum(int at, int length) {
        byte sum = 0;
        for (int i = at; i < at + length; i++) {
            sum += bytes[i];
        }
        return (byte) -sum;
    }

    private void text(int at, String text) {
        byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(ascii, 0, bytes, at, ascii.length);
    }

    private void put32(int at, int value) {
        LittleEndian.put32(bytes, at, value);
    }

    private void put64(int at, long value) {
        LittleEndian.put64(bytes, at, value);
    }
}
