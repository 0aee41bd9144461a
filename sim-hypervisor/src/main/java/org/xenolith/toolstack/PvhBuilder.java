package org.xenolith.toolstack;

import java.nio.charset.StandardCharsets;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.HvmParams;
import org.xenolith.hypervisor.MemoryMap;
import org.xenolith.machine.LittleEndian;

/**
 * Builds a PVH domain as Xen's toolstack does: memory from 0 on, the kernel where it wants to be, behind it the start info and the ramdisk;
 * high up the ACPI tables and the pages by which domain and toolstack talk. Layouts: Xen's {@code public/arch-x86/hvm/start_info.h},
 * {@code docs/misc/pvh.pandoc}.
 */
final class PvhBuilder {
    private static final int PAGE = GuestRam.PAGE;

    /** First of the special pages. */
    private static final long SPECIAL = 0xfeff8000L;

    private static final int SPECIAL_PAGES = 8;
    private static final int STORE = 4;
    private static final int IDENTITY_TABLES = 6;
    private static final int CONSOLE = 7;

    /** A present, writable, user's, accessed and dirty 4 MiB page. */
    private static final int IDENTITY_FLAGS = 0xe7;

    private static final int MAGIC = 0x336ec578;
    private static final int VERSION = 1;
    private static final int START_INFO = 56;
    private static final int MODULE = 32;
    private static final int RANGE = 24;

    /** What Xen's toolstack sets aside behind the start info for two modules and their command lines. */
    private static final int MODULES_SPARE = 2 * (MODULE + 1024);

    private final Domain domain;
    private final BootSpec spec;
    private final GuestRam ram;

    PvhBuilder(Domain domain, BootSpec spec) {
        this.domain = domain;
        this.spec = spec;
        this.ram = new GuestRam(domain, spec.memoryMebibytes());
    }

    BootedDomain build(int storePort, int consolePort) {
        KernelImage kernel = spec.kernel();
        long entry = kernel.notes()
                .phys32Entry()
                .orElseThrow(() -> new InputException(kernel.name()
                        + ": has no entry for PVH; boot it as pv, or give a Linux built with CONFIG_XEN_PVH=y"));
        if (Long.compareUnsigned(entry, ram.size()) >= 0) {
            throw new InputException(kernel.name() + ": its entry for PVH, 0x" + Long.toHexString(entry)
                    + ", is outside the guest's memory of " + spec.memoryMebibytes() + " MiB; give more memory");
        }
        ram.load(kernel, 0);
        specialPages(storePort, consolePort);
        AcpiTables acpi = new AcpiTables(domain.vcpus().size());
        ram.populate(AcpiTables.BASE, (acpi.bytes().length + PAGE - 1) / PAGE);
        ram.write(AcpiTables.BASE, acpi.bytes(), 0, acpi.bytes().length);
        memoryMap(acpi);
        long startInfo = startInfo(acpi);
        domain.vcpus().get(0).registers().startProtected32(entry, startInfo);
        return new BootedDomain(domain, ram.frame(special(STORE)), storePort, ram.frame(special(CONSOLE)), consolePort);
    }

    private static long special(int page) {
        return SPECIAL + (long) page * PAGE;
    }

    private void specialPages(int storePort, int consolePort) {
        ram.populate(SPECIAL, SPECIAL_PAGES);
        for (int i = 0; i < PAGE / 4; i++) {
            ram.put32(special(IDENTITY_TABLES) + 4L * i, i << 22 | IDENTITY_FLAGS);
        }
        HvmParams params = domain.hvmParams();
        params.set(HvmParams.IDENT_PT, special(IDENTITY_TABLES));
        params.set(HvmParams.STORE_PFN, special(STORE) / PAGE);
        params.set(HvmParams.STORE_EVTCHN, storePort);
        params.set(HvmParams.CONSOLE_PFN, special(CONSOLE) / PAGE);
        params.set(HvmParams.CONSOLE_EVTCHN, consolePort);
    }

    private void memoryMap(AcpiTables acpi) {
        MemoryMap map = domain.memoryMap();
        map.add(0, ram.size(), MemoryMap.RAM);
        map.add(AcpiTables.BASE, acpi.bytes().length, MemoryMap.ACPI);
        map.add(SPECIAL, (long) SPECIAL_PAGES * PAGE, MemoryMap.RESERVED);
    }

    /** Start info, then the list of modules, the memory map and the command line; behind them the one module, the ramdisk. */
    private long startInfo(AcpiTables acpi) {
        MemoryMap map = domain.memoryMap();
        byte[] commandLine = (spec.commandLine() + "\0").getBytes(StandardCharsets.ISO_8859_1);
        byte[] bytes = new byte[START_INFO + MODULES_SPARE + RANGE * map.count() + (commandLine.length + 7 & -8)];
        long address = ram.place(bytes.length, "the start info");
        int modules = START_INFO;
        int ranges = modules + MODULE;
        int text = ranges + RANGE * map.count();
        LittleEndian.put32(bytes, 0, MAGIC);
        LittleEndian.put32(bytes, 4, VERSION);
        if (spec.ramdisk() != null) {
            LittleEndian.put32(bytes, 12, 1);
            LittleEndian.put64(bytes, 16, address + modules);
            LittleEndian.put64(bytes, modules, ram.place(spec.ramdisk(), "the ramdisk"));
            LittleEndian.put64(bytes, modules + 8, spec.ramdisk().length);
        }
        LittleEndian.put64(bytes, 24, address + text);
        LittleEndian.put64(bytes, 32, acpi.rootPointer());
        LittleEndian.put64(bytes, 40, address + ranges);
        LittleEndian.put32(bytes, 48, map.count());
        for (int i = 0; i < map.count(); i++) {
            LittleEndian.put64(bytes, ranges + RANGE * i, map.start(i));
            LittleEndian.put64(bytes, ranges + RANGE * i + 8, map.size(i));
            LittleEndian.put32(bytes, ranges + RANGE * i + 16, map.type(i));
        }
        System.arraycopy(commandLine, 0, bytes, text, commandLine.length);
        ram.write(address, bytes, 0, bytes.length);
        return address;
    }
}
