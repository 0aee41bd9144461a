package org.xenolith.toolstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.api.AbstractStringAssert;
import org.junit.jupiter.api.Test;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.BootMachines;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.GrantTable;
import org.xenolith.hypervisor.HvmParams;
import org.xenolith.hypervisor.Hypervisor;
import org.xenolith.hypervisor.MemoryMap;
import org.xenolith.hypervisor.Register;
import org.xenolith.hypervisor.Registers;
import org.xenolith.machine.MachineMemory;

class DomainBuilderTest {
    private static final int PAGE = 4096;
    private static final int MEMORY = 32;

    private final Hypervisor hypervisor = BootMachines.machine(80);
    private final MachineMemory memory = hypervisor.frames().memory();

    private static byte[] ramdisk(int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (i * 7);
        }
        return bytes;
    }

    private static BootSpec spec(byte[] kernel, byte[] ramdisk, String commandLine) {
        return new BootSpec(KernelImage.of(kernel, "k"), ramdisk, commandLine, MEMORY);
    }

    private BootedDomain build(Domain.Type type, BootSpec spec) {
        Domain domain = BootMachines.domain(hypervisor, 1, type, 2);
        return DomainBuilder.build(hypervisor, domain, spec);
    }

    private static Registers registers(BootedDomain booted) {
        return booted.domain().vcpus().get(0).registers();
    }

    /** Machine address of a physical one. */
    private static int at(BootedDomain booted, long physical) {
        int mfn = booted.domain().physmap().mfn(physical / PAGE);
        assertThat(mfn).as("frame of 0x%x", physical).isNotNegative();
        return mfn * PAGE + (int) (physical % PAGE);
    }

    private byte[] bytes(BootedDomain booted, long physical, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) memory.get8(at(booted, physical + i));
        }
        return bytes;
    }

    private String text(BootedDomain booted, long physical) {
        StringBuilder text = new StringBuilder();
        for (long i = physical; memory.get8(at(booted, i)) != 0; i++) {
            text.append((char) memory.get8(at(booted, i)));
        }
        return text.toString();
    }

    private void hasKernel(BootedDomain booted) {
        byte[] code = bytes(booted, Kernels.LOADED_AT, 0x3000);
        for (int i = 0; i < code.length; i++) {
            assertThat(code[i]).isEqualTo((byte) (i < Kernels.CODE ? i : 0));
        }
    }

    @Test
    void pvhIsLaidOutAsByXen() {
        byte[] ramdisk = ramdisk(10_000);
        BootedDomain booted = build(Domain.Type.PVH, spec(Kernels.linux(), ramdisk, "console=hvc0 quiet"));

        hasKernel(booted);
        Registers registers = registers(booted);
        assertThat(registers.get(Register.RIP)).isEqualTo(Kernels.ENTRY);
        long info = registers.get(Register.RBX);
        assertThat(info).isEqualTo(Kernels.LOADED_AT + 0x3000);
        assertThat(memory.get32(at(booted, info))).isEqualTo(0x336ec578);
        assertThat(memory.get32(at(booted, info + 4))).isEqualTo(1);
        assertThat(text(booted, memory.get64(at(booted, info + 24)))).isEqualTo("console=hvc0 quiet");

        assertThat(memory.get32(at(booted, info + 12))).isEqualTo(1);
        long modules = memory.get64(at(booted, info + 16));
        assertThat(memory.get64(at(booted, modules))).isEqualTo(info + PAGE);
        assertThat(memory.get64(at(booted, modules + 8))).isEqualTo(ramdisk.length);
        assertThat(bytes(booted, info + PAGE, ramdisk.length)).isEqualTo(ramdisk);

        // As in the recorded boot's log: memory, ACPI tables, special pages.
        List<String> map = List.of(
                "0 2000000 " + MemoryMap.RAM, "fc000000 8040 " + MemoryMap.ACPI, "feff8000 8000 " + MemoryMap.RESERVED);
        assertThat(memoryMap(booted.domain().memoryMap())).isEqualTo(map);
        List<String> inInfo = new ArrayList<>();
        long ranges = memory.get64(at(booted, info + 40));
        for (int i = 0; i < memory.get32(at(booted, info + 48)); i++) {
            inInfo.add(range(
                    memory.get64(at(booted, ranges + 24L * i)),
                    memory.get64(at(booted, ranges + 24L * i + 8)),
                    memory.get32(at(booted, ranges + 24L * i + 16))));
        }
        assertThat(inInfo).isEqualTo(map);
        assertThat(memory.get64(at(booted, info + 32))).isEqualTo(0xfc008000L);
    }

    private static String range(long start, long size, int type) {
        return String.format(Locale.ROOT, "%x %x %d", start, size, type);
    }

    private static List<String> memoryMap(MemoryMap map) {
        List<String> ranges = new ArrayList<>();
        for (int i = 0; i < map.count(); i++) {
            ranges.add(range(map.start(i), map.size(i), map.type(i)));
        }
        return ranges;
    }

    @Test
    void pvhHasItsRingsWhereItsParametersSay() {
        BootedDomain booted = build(Domain.Type.PVH, spec(Kernels.linux(), null, ""));
        HvmParams params = booted.domain().hvmParams();

        assertThat(params.get(HvmParams.STORE_PFN)).isEqualTo(0xfeffc);
        assertThat(params.get(HvmParams.CONSOLE_PFN)).isEqualTo(0xfefff);
        assertThat(params.get(HvmParams.STORE_EVTCHN)).isEqualTo(1).isEqualTo(booted.storePort());
        assertThat(params.get(HvmParams.CONSOLE_EVTCHN)).isEqualTo(2).isEqualTo(booted.consolePort());
        assertThat(at(booted, 0xfeffc000L)).isEqualTo(booted.storeFrame() * PAGE);
        assertThat(at(booted, 0xfefff000L)).isEqualTo(booted.consoleFrame() * PAGE);
        assertThat(memory.get32(at(booted, params.get(HvmParams.IDENT_PT) + 8))).isEqualTo(0x8000e7);
    }

    @Test
    void dom0IsGrantedTheRings() {
        BootedDomain pvh = build(Domain.Type.PVH, spec(Kernels.linux(), null, ""));
        assertThat(BootMachines.grantedToDom0(pvh.domain(), GrantTable.CONSOLE)).isEqualTo(0xfefff);
        assertThat(BootMachines.grantedToDom0(pvh.domain(), GrantTable.XENSTORE))
                .isEqualTo(0xfeffc);

        Domain domain = BootMachines.domain(hypervisor, 2, Domain.Type.PV, 1);
        BootedDomain pv = DomainBuilder.build(hypervisor, domain, spec(Kernels.linux(), null, ""));
        assertThat(BootMachines.grantedToDom0(domain, GrantTable.CONSOLE)).isEqualTo(pv.consoleFrame());
        assertThat(BootMachines.grantedToDom0(domain, GrantTable.XENSTORE)).isEqualTo(pv.storeFrame());
    }

    /** Walks the tables as hardware does, starting at cr3; -1 if something is not present or not the user's. */
    private long walk(BootedDomain booted, long address, boolean write) {
        long table = registers(booted).get(Register.CR3);
        for (int shift = 39; shift >= 12; shift -= 9) {
            long entry = memory.get64((int) table + 8 * (int) (address >>> shift & 511));
            int wanted = write ? 7 : 5;
            if ((entry & wanted) != wanted) {
                return -1;
            }
            table = entry & 0xffffffffff000L; // above are marks of the hypervisor's
            assertThat(hypervisor.frames().owner(table >>> 12)).isEqualTo(1);
        }
        return table + (address & 0xfff);
    }

    @Test
    void pvIsLaidOutAsByXen() {
        byte[] ramdisk = ramdisk(10_000);
        BootedDomain booted = build(Domain.Type.PV, spec(Kernels.linux(), ramdisk, "console=hvc0 quiet"));

        hasKernel(booted);
        Registers registers = registers(booted);
        assertThat(registers.get(Register.RIP)).isEqualTo(Kernels.VIRT_BASE + Kernels.ENTRY);
        long infoPhysical = Kernels.LOADED_AT + 0x3000;
        assertThat(registers.get(Register.RSI)).isEqualTo(Kernels.VIRT_BASE + infoPhysical);
        int info = at(booted, infoPhysical);
        assertThat(walk(booted, registers.get(Register.RSI), true)).isEqualTo(info);
        assertThat(text(booted, infoPhysical)).isEqualTo("xen-3.0-x86_64");
        assertThat(memory.get64(info + 32)).isEqualTo(MEMORY << 8);
        assertThat(memory.get64(info + 40))
                .isEqualTo((long) booted.domain().sharedInfo().frame() * PAGE);
        assertThat(memory.get32(info + 48)).isEqualTo(0x18);
        assertThat(memory.get64(info + 56)).isEqualTo(booted.storeFrame());
        assertThat(memory.get32(info + 64)).isEqualTo(1);
        assertThat(memory.get64(info + 72)).isEqualTo(booted.consoleFrame());
        assertThat(memory.get32(info + 80)).isEqualTo(2);
        assertThat(text(booted, infoPhysical + 128)).isEqualTo("console=hvc0 quiet");

        long ramdiskAt = memory.get64(info + 112) * PAGE;
        assertThat(ramdiskAt).isEqualTo(0x1400000); // the 4 MiB step above all that is mapped
        assertThat(memory.get64(info + 120)).isEqualTo(ramdisk.length);
        assertThat(bytes(booted, ramdiskAt, ramdisk.length)).isEqualTo(ramdisk);
        assertThat(memoryMap(booted.domain().memoryMap())).containsExactly("0 2000000 1");
    }

    @Test
    void pvTablesMapAllButThemselvesWritable() {
        BootedDomain booted = build(Domain.Type.PV, spec(Kernels.linux(), null, ""));
        int info = at(booted, registers(booted).get(Register.RSI) - Kernels.VIRT_BASE);
        long tables = memory.get64(info + 88) - Kernels.VIRT_BASE;
        long end = tables + memory.get64(info + 96) * PAGE;

        assertThat(registers(booted).get(Register.CR3)).isEqualTo(at(booted, tables));
        assertThat(end - tables).isEqualTo(PAGE * (3 + 0x1400000 / (2 << 20)));
        for (long physical = 0; physical < 0x1400000; physical += PAGE) {
            boolean table = physical >= tables && physical < end;
            assertThat(walk(booted, Kernels.VIRT_BASE + physical, false)).isEqualTo(at(booted, physical));
            assertThat(walk(booted, Kernels.VIRT_BASE + physical, true))
                    .as("write to 0x%x", physical)
                    .isEqualTo(table ? -1 : at(booted, physical));
        }
        assertThat(walk(booted, Kernels.VIRT_BASE + 0x1400000, false)).isEqualTo(-1);
        assertThat(registers(booted).get(Register.RSP)).isEqualTo(Kernels.VIRT_BASE + end + PAGE);
    }

    @Test
    void pvFindsItsP2mWhereItWantsIt() {
        BootedDomain booted = build(Domain.Type.PV, spec(Kernels.linux(), null, ""));
        int info = at(booted, registers(booted).get(Register.RSI) - Kernels.VIRT_BASE);

        assertThat(memory.get64(info + 104)).isEqualTo(0x8000000000L);
        for (int pfn = 0; pfn < MEMORY << 8; pfn++) {
            long entry = walk(booted, 0x8000000000L + 8L * pfn, true);
            assertThat(memory.get64((int) entry))
                    .isEqualTo(booted.domain().physmap().mfn(pfn));
        }
        // 16 pages of list, and a table of each lower level
        assertThat(memory.get64(info + 1152)).isEqualTo(0x1400);
        assertThat(memory.get64(info + 1160)).isEqualTo(16 + 3);
    }

    @Test
    void pvWithoutThoseNotesHasAllMapped() {
        byte[] kernel = new Kernels()
                .note(1, Kernels.number(8, Kernels.VIRT_BASE + Kernels.ENTRY))
                .note(3, Kernels.number(8, Kernels.VIRT_BASE))
                .bytes();
        byte[] ramdisk = ramdisk(5000);
        BootedDomain booted = build(Domain.Type.PV, spec(kernel, ramdisk, ""));
        int info = at(booted, registers(booted).get(Register.RSI) - Kernels.VIRT_BASE);

        assertThat(memory.get32(info + 48)).isEqualTo(0x10);
        long start = memory.get64(info + 112);
        assertThat(memory.get8((int) walk(booted, start + 4999, true))).isEqualTo(ramdisk[4999] & 0xff);
        long list = memory.get64(info + 104);
        assertThat(memory.get64((int) walk(booted, list + 8 * 77, true)))
                .isEqualTo(booted.domain().physmap().mfn(77));
    }

    @Test
    void refusesWhatCannotStartOrDoesNotFit() {
        byte[] onlyPv = new Kernels().note(1, Kernels.number(8, 1)).bytes();
        byte[] onlyPvh =
                new Kernels().note(18, Kernels.number(8, Kernels.ENTRY)).bytes();

        refused(Domain.Type.PVH, spec(onlyPv, null, ""))
                .isEqualTo("k: has no entry for PVH; boot it as pv, or give a Linux built with CONFIG_XEN_PVH=y");
        refused(Domain.Type.PV, spec(onlyPvh, null, ""))
                .isEqualTo("k: has no entry for PV; boot it as pvh, or give a Linux built with CONFIG_XEN_PV=y");
        for (Domain.Type type : Domain.Type.values()) {
            refused(type, spec(Kernels.linux(), new byte[20 << 20], ""))
                    .startsWith("dom1: no room for the ramdisk of 20480 KiB: ")
                    .endsWith(" KiB are left of 32 MiB; give more memory");
            refused(
                            type,
                            spec(
                                    new Kernels()
                                            .note(1, Kernels.number(8, Kernels.VIRT_BASE))
                                            .note(18, Kernels.number(8, Kernels.ENTRY))
                                            .memorySize(100 << 20)
                                            .bytes(),
                                    null,
                                    ""))
                    .isEqualTo("dom1: the kernel k loads 102400 KiB at 0x1000000, the guest has memory of 32 MiB; give"
                            + " more memory");
            refused(type, new BootSpec(KernelImage.of(Kernels.linux(), "k"), null, "", 100))
                    .isEqualTo("dom1: memory of 100 MiB, of which the machine has 79 left; give another memory");
        }
        refused(Domain.Type.PV, spec(Kernels.linux(), null, "x".repeat(1024)))
                .isEqualTo("dom1: a PV guest's command line has at most 1023 characters, not 1024");
    }

    private static AbstractStringAssert<?> refused(Domain.Type type, BootSpec spec) {
        Hypervisor fresh = BootMachines.machine(80);
        Domain domain = BootMachines.domain(fresh, 1, type, 1);
        String[] message = new String[1];
        assertThatThrownBy(() -> DomainBuilder.build(fresh, domain, spec))
                .isInstanceOf(InputException.class)
                .satisfies(e -> message[0] = e.getMessage());
        return assertThat(message[0]).doesNotContain("\n");
    }

    /** Whatever the notes and the segment say, the domain is built or refused, and no frame of another domain changes. */
    @Property(tries = 60)
    void hostileKernelsHurtNobodyElse(
            @ForAll Domain.Type type,
            @ForAll long entry,
            @ForAll long virtBase,
            @ForAll boolean alignedBase,
            @ForAll long paddrOffset,
            @ForAll long initP2m,
            @ForAll @IntRange(max = 40 << 20) int memorySize) {
        Hypervisor machine = BootMachines.machine(48);
        Domain other = BootMachines.domain(machine, 2, Domain.Type.PVH, 1);
        int frame = other.physmap().populate(0);
        byte[] kernel = new Kernels()
                .note(1, Kernels.number(8, entry))
                .note(3, Kernels.number(8, alignedBase ? virtBase & -0x200000L : virtBase))
                .note(4, Kernels.number(8, paddrOffset & 0xfff000))
                .note(15, Kernels.number(8, initP2m & -0x1000L))
                .note(18, Kernels.number(8, entry))
                .memorySize(Kernels.CODE + (long) memorySize)
                .bytes();
        Domain domain = BootMachines.domain(machine, 1, type, 1);
        try {
            DomainBuilder.build(machine, domain, spec(kernel, "disk".getBytes(StandardCharsets.US_ASCII), "x"));
        } catch (InputException e) {
            assertThat(e.getMessage()).doesNotContain("\n");
        }
        for (int i = 0; i < PAGE; i++) {
            assertThat(machine.frames().memory().get8(frame * PAGE + i)).isZero();
        }
    }
}
