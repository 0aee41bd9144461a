package org.xenolith.toolstack;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.xenolith.machine.LittleEndian;

/**
 * The ACPI tables of a PVH guest, with the content and at the addresses of those of Xen's toolstack: what processors there are, and that
 * there is hardly any other hardware. Formats: ACPI specification 6.2, chapters 5 and 20. The DSDT is our own; Xen's has
 * objects for processors that may be plugged in later, too.
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
    private static final int BOOT_NO_CMOS_CLOCK = 1 << 5;

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
        byte[] code = code(vcpus);
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
        LittleEndian.put16(bytes, FADT + 109, BOOT_NO_VGA | BOOT_NO_CMOS_CLOCK);
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

    /**
     * The DSDT's code. {@code \_SB} has an object for each processor, of the old kind that Xen uses, and the ports by which a device model
     * would tell which processors are plugged in; {@code \_GPE} the event of a change in that, which reads them. A PVH guest has no device
     * model: all ports read as ones, to which the event belongs too, so the guest handles it once and finds nothing to do.
     */
    private static byte[] code(int vcpus) {
        ByteArrayOutputStream board = new ByteArrayOutputStream();
        append(board, "\\_SB_");
        for (int vcpu = 0; vcpu < vcpus; vcpu++) {
            ByteArrayOutputStream processor = new ByteArrayOutputStream();
            append(processor, String.format(Locale.ROOT, "PR%02X", vcpu));
            append(processor, vcpu, PROCESSOR_BLOCK & 0xff, PROCESSOR_BLOCK >> 8, 0, 0, 6);
            append(board, 0x5b, 0x83);
            board.writeBytes(packaged(processor));
        }
        append(board, 0x5b, 0x80); // OperationRegion (PRST, SystemIO, 0xaf00, 0x20)
        append(board, "PRST");
        append(board, 1, 0x0b, 0x00, 0xaf, 0x0a, 0x20);
        ByteArrayOutputStream field = new ByteArrayOutputStream();
        append(field, "PRST");
        append(field, 1); // by bytes
        append(field, "PRS_");
        append(field, 0x40, 128 >> 4); // 128 bits
        append(board, 0x5b, 0x81);
        board.writeBytes(packaged(field));

        ByteArrayOutputStream method = new ByteArrayOutputStream();
        append(method, "_E02");
        append(method, 0, 0x70, '\\', 0x2e); // Store (\_SB.PRS, Local0)
        append(method, "_SB_PRS_");
        append(method, 0x60, 0xa4, 1); // Return (One)
        ByteArrayOutputStream events = new ByteArrayOutputStream();
        append(events, "\\_GPE");
        append(events, 0x14);
        events.writeBytes(packaged(method));

        ByteArrayOutputStream code = new ByteArrayOutputStream();
        append(code, 0x10);
        code.writeBytes(packaged(board));
        append(code, 0x10);
        code.writeBytes(packaged(events));
        return code.toByteArray();
    }

    private static void append(ByteArrayOutputStream out, String text) {
        out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void append(ByteArrayOutputStream out, int... values) {
        for (int value : values) {
            out.write(value);
        }
    }

    /** AML's PkgLength, which counts its own bytes, and what it measures: at most 4 KiB. */
    private static byte[] packaged(ByteArrayOutputStream content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (content.size() + 1 < 0x40) {
            out.write(content.size() + 1);
        } else {
            int length = content.size() + 2;
            out.write(0x40 | length & 0xf);
            out.write(length >> 4);
        }
        out.writeBytes(content.toByteArray());
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
