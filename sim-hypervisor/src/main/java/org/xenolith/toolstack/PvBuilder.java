package org.xenolith.toolstack;

import java.nio.charset.StandardCharsets;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.MemoryMap;
import org.xenolith.machine.LittleEndian;

/**
 * Builds a 64-bit PV domain as Xen's toolstack does. From the kernel's linear base on, in order: the kernel; start info, xenstore's and
 * console's page; the page tables that map all this; a stack. Then, outside of what is mapped there, the ramdisk, and the p2m list, mapped
 * where the kernel wants it. Layouts: {@code struct start_info} of Xen's {@code public/xen.h}.
 */
final class PvBuilder {
    private static final int PAGE = GuestRam.PAGE;

    /** The initial mapping ends at a multiple of this. */
    private static final long MAPPING_STEP = 4 << 20;

    /** Mapped beyond all that is there: the first stack, and 512 KiB for the kernel to begin with. */
    private static final int SPARE_PAGES = 1 + (512 << 10) / PAGE;

    private static final String MAGIC = "xen-3.0-x86_64";
    private static final int SIF_MOD_START_PFN = 1 << 3;
    private static final int SIF_VIRT_P2M_4TOOLS = 1 << 4;
    private static final int MOST_COMMAND_LINE = 1024;

    // Offsets in the start info.
    private static final int NR_PAGES = 32;
    private static final int SHARED_INFO = 40;
    private static final int FLAGS = 48;
    private static final int STORE_FRAME = 56;
    private static final int STORE_PORT = 64;
    private static final int CONSOLE_FRAME = 72;
    private static final int CONSOLE_PORT = 80;
    private static final int PT_BASE = 88;
    private static final int NR_PT_FRAMES = 96;
    private static final int MFN_LIST = 104;
    private static final int MOD_START = 112;
    private static final int MOD_LEN = 120;
    private static final int COMMAND_LINE = 128;
    private static final int FIRST_P2M_PFN = 1152;
    private static final int NR_P2M_FRAMES = 1160;

    private final Domain domain;
    private final BootSpec spec;
    private final KernelImage kernel;
    private final XenNotes notes;
    private final GuestRam ram;
    private final long base;
    private final byte[] info = new byte[PAGE];

    PvBuilder(Domain domain, BootSpec spec) {
        this.domain = domain;
        this.spec = spec;
        kernel = spec.kernel();
        notes = kernel.notes();
        base = notes.virtBase();
        ram = new GuestRam(domain, spec.memoryMebibytes());
    }

    BootedDomain build(int storePort, int consolePort) {
        long entry = notes.entry()
                .orElseThrow(() -> new InputException(kernel.name()
                        + ": has no entry for PV; boot it as pvh, or give a Linux built with CONFIG_XEN_PV=y"));
        commandLine();
        ram.load(kernel, notes.paddrOffset());
        byte[] ramdisk = spec.ramdisk();
        boolean ramdiskByFrame = notes.modStartPfn();
        if (ramdisk != null && !ramdiskByFrame) {
            put64(MOD_START, base + ram.place(ramdisk, "the ramdisk"));
        }
        boolean p2mApart = notes.initP2m().isPresent();
        long p2m = p2mApart ? 0 : placeP2m();
        long startInfo = ram.place(PAGE, "the start info");
        long store = ram.place(PAGE, "the xenstore's ring");
        long console = ram.place(PAGE, "the console's ring");

        long mapped = mappedBytes();
        int count = PvPageTables.count(base, mapped);
        PvPageTables tables = new PvPageTables(ram, count);
        tables.map(base, 0, mapped);
        long stack = ram.place(PAGE, "the first stack");
        ram.place(mapped - ram.end(), "the initial mapping");

        if (ramdisk != null && ramdiskByFrame) {
            put64(MOD_START, ram.place(ramdisk, "the ramdisk") / PAGE);
        }
        if (p2mApart) {
            p2m = placeP2m();
            mapP2m(tables, p2m, mapped);
        } else {
            put64(MFN_LIST, base + p2m);
        }
        for (int pfn = 0; pfn < ram.pages(); pfn++) {
            ram.put64(p2m + 8L * pfn, ram.frame((long) pfn * PAGE));
        }

        put64(NR_PAGES, ram.pages());
        put64(SHARED_INFO, (long) domain.sharedInfo().frame() * PAGE);
        put32(FLAGS, SIF_VIRT_P2M_4TOOLS | (ramdisk != null && ramdiskByFrame ? SIF_MOD_START_PFN : 0));
        put64(STORE_FRAME, ram.frame(store));
        put32(STORE_PORT, storePort);
        put64(CONSOLE_FRAME, ram.frame(console));
        put32(CONSOLE_PORT, consolePort);
        put64(PT_BASE, base + tables.root());
        put64(NR_PT_FRAMES, count);
        put64(MOD_LEN, ramdisk == null ? 0 : ramdisk.length);
        ram.write(startInfo, info, 0, PAGE);

        domain.memoryMap().add(0, ram.size(), MemoryMap.RAM);
        domain.vcpus()
                .get(0)
                .registers()
                .startPv(entry, base + stack + PAGE, base + startInfo, (long) ram.frame(tables.root()) * PAGE);
        domain.finishPvBuild(ram.frame(tables.root()));
        return new BootedDomain(domain, ram.frame(store), storePort, ram.frame(console), consolePort);
    }

    private void commandLine() {
        byte[] text = spec.commandLine().getBytes(StandardCharsets.ISO_8859_1);
        if (text.length >= MOST_COMMAND_LINE) {
            throw new InputException(domain.name() + ": a PV guest's command line has at most "
                    + (MOST_COMMAND_LINE - 1) + " characters, not " + text.length);
        }
        System.arraycopy(text, 0, info, COMMAND_LINE, text.length);
        System.arraycopy(MAGIC.getBytes(StandardCharsets.US_ASCII), 0, info, 0, MAGIC.length());
    }

    /** How much is mapped from the base on: all that is there, the tables that map it, and the spare pages. */
    private long mappedBytes() {
        int pages = SPARE_PAGES;
        while (true) {
            long needed = ram.end() + (long) pages * PAGE;
            long mapped = (base + needed | MAPPING_STEP - 1) + 1 - base;
            if (mapped > ram.size() || !PvPageTables.mappable(base, mapped)) {
                throw new InputException(String.format(
                        "%s: the kernel %s wants %d MiB mapped from 0x%x on, the guest has %d MiB; give more memory",
                        domain.name(), kernel.name(), mapped >> 20, base, ram.size() >> 20));
            }
            pages = SPARE_PAGES + PvPageTables.count(base, mapped);
            if (ram.end() + (long) pages * PAGE <= mapped) {
                return mapped;
            }
        }
    }

    private long placeP2m() {
        return ram.place(8L * ram.pages(), "the p2m list");
    }

    /** Maps the p2m list, just placed, where the kernel wants it; the tables for that come behind it. */
    private void mapP2m(PvPageTables tables, long p2m, long mapped) {
        long at = notes.initP2m().getAsLong();
        long bytes = ram.end() - p2m;
        boolean overlaps =
                Long.compareUnsigned(at, base + mapped - 1) <= 0 && Long.compareUnsigned(base, at + bytes - 1) <= 0;
        if (overlaps || !PvPageTables.mappable(at, bytes)) {
            throw new InputException(String.format(
                    "%s: the kernel wants its p2m list at 0x%x, which is not free; give another kernel",
                    kernel.name(), at));
        }
        tables.map(at, p2m, bytes);
        put64(MFN_LIST, at);
        put64(FIRST_P2M_PFN, p2m / PAGE);
        put64(NR_P2M_FRAMES, (ram.end() - p2m) / PAGE);
    }

    private void put32(int at, int value) {
        LittleEndian.put32(info, at, value);
    }

    private void put64(int at, long value) {
        LittleEndian.put64(info, at, value);
    }
}
