package org.xenolith.core.x86;

/** Writes to control registers and to the MSRs of the core's own, with their checks (Intel SDM volume 3, chapter 2; volume 4). */
public final class Control {
    private static final long PE = 1;
    private static final long ET = 1 << 4;
    private static final long NW = 1 << 29;
    private static final long CD = 1 << 30;
    private static final long CR0_KEPT = 0xe005003fL;
    private static final long CR0_PAGING = PageWalk.CR0_PG | PageWalk.CR0_WP | PE;

    /** FSGSBASE: rdfsbase and its kin exist. */
    static final long CR4_FSGSBASE = 1 << 16;

    /** TSD: rdtsc is privileged. */
    static final long CR4_TSD = 1 << 2;

    /** All that a guest may set: VME to OSXMMEXCPT, FSGSBASE, SMEP, SMAP. No UMIP, PCIDE, OSXSAVE, 5-level paging, VMX. */
    private static final long CR4_KNOWN = 0x7ff | CR4_FSGSBASE | PageWalk.CR4_SMEP | PageWalk.CR4_SMAP;

    private static final long CR4_PAGING =
            PageWalk.CR4_PSE | PageWalk.CR4_PAE | PageWalk.CR4_PGE | PageWalk.CR4_SMEP | PageWalk.CR4_SMAP;

    /** SCE: syscall exists. */
    static final long EFER_SCE = 1;

    private static final long EFER_LME = 1 << 8;
    private static final int EFER = 0xc0000080;

    private final Cpu c;
    private final SystemState s;

    Control(Cpu c) {
        this.c = c;
        this.s = c.system;
    }

    private Fault refused() {
        return c.raise(Fault.GP);
    }

    private static boolean canonical(long address) {
        return address << 16 >> 16 == address;
    }

    /** Writes CR0, with the consequences for mode and paging; #GP for what is not allowed. */
    public void setCr0(long value) {
        boolean paging = (value & PageWalk.CR0_PG) != 0;
        boolean was = (s.cr0 & PageWalk.CR0_PG) != 0;
        if (value >>> 32 != 0 || paging && (value & PE) == 0 || (value & NW) != 0 && (value & CD) == 0) {
            throw refused();
        }
        boolean longEnabled = (s.efer & EFER_LME) != 0;
        if (paging && !was && longEnabled) {
            boolean longCode = (s.segmentAttributes[Cpu.CS] & 1 << 13) != 0;
            if ((s.cr4 & PageWalk.CR4_PAE) == 0 || longCode) {
                throw refused();
            }
            s.efer |= PageWalk.EFER_LMA;
        }
        if (!paging && was) {
            if (c.mode == Insn.Mode.BITS_64) {
                throw refused();
            }
            s.efer &= ~PageWalk.EFER_LMA;
        }
        long changed = s.cr0 ^ value;
        s.cr0 = value & CR0_KEPT | ET;
        if ((changed & CR0_PAGING) != 0) {
            c.mmu.flush();
            c.segments.update();
        }
    }

    /** Writes CR3; #GP for reserved bits. */
    public void setCr3(long value) {
        if (value >>> PageWalk.PHYSICAL_BITS != 0) {
            throw refused();
        }
        s.cr3 = value;
        c.mmu.flush(false);
    }

    /** Writes CR4; #GP for what the core does not have. */
    public void setCr4(long value) {
        boolean losesLong = (value & PageWalk.CR4_PAE) == 0 && c.segments.longMode();
        if ((value & ~CR4_KNOWN) != 0 || losesLong) {
            throw refused();
        }
        long changed = s.cr4 ^ value;
        s.cr4 = value;
        if ((changed & CR4_PAGING) != 0) {
            c.mmu.flush();
            c.segments.update();
        }
    }

    /** Reads control register {@code number}. */
    long read(int number) {
        return switch (number) {
            case 0 -> s.cr0;
            case 2 -> s.cr2;
            case 3 -> s.cr3;
            case 4 -> s.cr4;
            case 8 -> s.cr8;
            default -> throw c.raise(Fault.UD);
        };
    }

    /** Writes control register {@code number} as {@code mov} does. */
    void write(int number, long value) {
        switch (number) {
            case 0 -> setCr0(value);
            case 2 -> s.cr2 = value;
            case 3 -> setCr3(value);
            case 4 -> setCr4(value);
            case 8 -> {
                if (value >>> 4 != 0) {
                    throw refused();
                }
                s.cr8 = value;
            }
            default -> throw c.raise(Fault.UD);
        }
    }

    // ----------------------------------------------------------------------------------------------------------- MSRs

    /** Whether MSR {@code number} is the core's own; all others are the embedder's. */
    public static boolean owns(int number) {
        return switch (number) {
            case 0x174, 0x175, 0x176, 0x277, EFER, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084 -> true;
            case 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103 -> true;
            default -> false;
        };
    }

    /** Reads an MSR that the core {@link #owns}. */
    public long readMsr(int number) {
        return switch (number) {
            case 0x174, 0x175, 0x176 -> s.sysenter[number - 0x174];
            case 0x277 -> s.pat;
            case EFER -> s.efer;
            case 0xc0000081 -> s.star;
            case 0xc0000082 -> s.lstar;
            case 0xc0000083 -> s.cstar;
            case 0xc0000084 -> s.sfmask;
            case 0xc0000100 -> c.segmentBase[Cpu.FS];
            case 0xc0000101 -> c.segmentBase[Cpu.GS];
            case 0xc0000102 -> s.kernelGsBase;
            case 0xc0000103 -> s.tscAux;
            default -> throw refused();
        };
    }

    /** Writes an MSR that the core {@link #owns}; #GP for values that it does not take. */
    public void writeMsr(int number, long value) {
        switch (number) {
            case 0x174 -> s.sysenter[0] = value & 0xffffffffL;
            case 0x175, 0x176 -> s.sysenter[number - 0x174] = checked(value);
            case 0x277 -> s.pat = checkedPat(value);
            case EFER -> setEfer(value);
            case 0xc0000081 -> s.star = value;
            case 0xc0000082 -> s.lstar = checked(value);
            case 0xc0000083 -> s.cstar = checked(value);
            case 0xc0000084 -> s.sfmask = value & 0xffffffffL;
            case 0xc0000100 -> c.segmentBase[Cpu.FS] = checked(value);
            case 0xc0000101 -> c.segmentBase[Cpu.GS] = checked(value);
            case 0xc0000102 -> s.kernelGsBase = checked(value);
            case 0xc0000103 -> {
                if (value >>> 32 != 0) {
                    throw refused();
                }
                s.tscAux = value;
            }
            default -> throw refused();
        }
    }

    private long checked(long address) {
        if (!canonical(address)) {
            throw refused();
        }
        return address;
    }

    private long checkedPat(long value) {
        for (int i = 0; i < 64; i += 8) {
            int type = (int) (value >>> i) & 0xff;
            if (type > 7 || type == 2 || type == 3) {
                throw refused();
            }
        }
        return value;
    }

    private void setEfer(long value) {
        long known = EFER_SCE | EFER_LME | PageWalk.EFER_LMA | PageWalk.EFER_NXE;
        boolean paging = (s.cr0 & PageWalk.CR0_PG) != 0;
        if ((value & ~known) != 0 || paging && ((value ^ s.efer) & EFER_LME) != 0) {
            throw refused();
        }
        s.efer = value & ~PageWalk.EFER_LMA | s.efer & PageWalk.EFER_LMA;
        c.mmu.flush();
    }
}
