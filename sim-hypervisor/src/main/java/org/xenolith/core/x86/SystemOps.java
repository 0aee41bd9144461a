package org.xenolith.core.x86;

import java.util.function.ToIntFunction;
import org.xenolith.core.x86.Insn.Operand;

/** Control and debug registers, MSRs, descriptor-table registers, flags that need privilege, and what leaves the core. */
final class SystemOps {
    private static final long DE = 1 << 3;

    private SystemOps() {}

    static void define(Semantics s) {
        s.define("mov_control", SystemOps::moveControl);
        s.define("mov_debug", SystemOps::moveDebug);
        s.define("lmsw", SystemOps::loadMachineStatus);
        s.define("smsw", insn -> {
            Place to = Place.of(insn, 0);
            return Rare.plain(insn, c -> to.set(c, c.system.cr0));
        });
        s.define(
                "clts",
                insn -> Rare.plain(insn, c -> {
                    privileged(c);
                    c.system.cr0 &= ~8L;
                }));
        s.define("swapgs", insn -> Rare.plain(insn, SystemOps::swapGs));
        s.define("rdfsbase", insn -> readBase(insn, Cpu.FS));
        s.define("rdgsbase", insn -> readBase(insn, Cpu.GS));
        s.define("wrfsbase", insn -> writeBase(insn, Cpu.FS));
        s.define("wrgsbase", insn -> writeBase(insn, Cpu.GS));
        s.define("invlpg", insn -> {
            Address address = new Address(insn);
            return Rare.last(insn, c -> {
                privileged(c);
                c.mmu.flushPage(address.of(c));
            });
        });
        s.define("wbinvd", insn -> Rare.plain(insn, SystemOps::privileged));
        s.define("rdmsr", insn -> Rare.last(insn, SystemOps::readMsr));
        s.define("wrmsr", insn -> Rare.last(insn, SystemOps::writeMsr));
        s.define("rdtsc", insn -> Rare.alone(insn, SystemOps::readTime));
        s.define(
                "rdtscp",
                insn -> Rare.alone(insn, c -> {
                    readTime(c);
                    c.r[Cpu.RCX] = c.system.tscAux;
                }));
        s.define(
                "rdpmc",
                insn -> Rare.plain(insn, c -> {
                    throw c.raise(Fault.GP);
                }));
        defineFlags(s);
        defineTables(s);
        defineExits(s);
    }

    /** #GP unless at privilege level 0. */
    static void privileged(Cpu c) {
        if (c.cpl != 0) {
            throw c.raise(Fault.GP);
        }
    }

    // ---------------------------------------------------------------------------------------------- control registers

    private static Op moveControl(Insn insn) {
        Operand to = insn.operand(0);
        Operand from = insn.operand(1);
        if (to.kind() == Insn.Kind.CONTROL) {
            Place value = Place.of(insn, 1);
            return Rare.last(insn, c -> {
                privileged(c);
                c.control.write(to.register(), value.get(c));
            });
        }
        Place target = Place.of(insn, 0);
        return Rare.plain(insn, c -> {
            privileged(c);
            target.set(c, c.control.read(from.register()));
        });
    }

    private static Op moveDebug(Insn insn) {
        Operand to = insn.operand(0);
        boolean write = to.kind() == Insn.Kind.DEBUG;
        int number = (write ? to : insn.operand(1)).register();
        Place other = Place.of(insn, write ? 1 : 0);
        return Rare.plain(insn, c -> {
            if (number > 7 || (number & 6) == 4 && (c.system.cr4 & DE) != 0) {
                throw c.raise(Fault.UD);
            }
            privileged(c);
            int at = (number & 6) == 4 ? number + 2 : number;
            if (!write) {
                other.set(c, c.system.debug[at]);
                return;
            }
            long value = other.get(c);
            if (at >= 6 && value >>> 32 != 0) {
                throw c.raise(Fault.GP);
            }
            c.system.debug[at] = at == 6 ? value & 0xe00f | 0xffff0ff0L : at == 7 ? value & 0xffff2fffL | 0x400 : value;
        });
    }

    private static Op loadMachineStatus(Insn insn) {
        Place from = Place.of(insn, 0);
        return Rare.last(insn, c -> {
            privileged(c);
            long value = from.get(c) & 15 | c.system.cr0 & 1;
            c.control.setCr0(c.system.cr0 & ~15L | value);
        });
    }

    private static void swapGs(Cpu c) {
        privileged(c);
        long base = c.segmentBase[Cpu.GS];
        c.segmentBase[Cpu.GS] = c.system.kernelGsBase;
        c.system.kernelGsBase = base;
    }

    private static void needBases(Cpu c) {
        if ((c.system.cr4 & Control.CR4_FSGSBASE) == 0) {
            throw c.raise(Fault.UD);
        }
    }

    private static Op readBase(Insn insn, int segment) {
        Place to = Place.of(insn, 0);
        return Rare.plain(insn, c -> {
            needBases(c);
            to.set(c, c.segmentBase[segment]);
        });
    }

    private static Op writeBase(Insn insn, int segment) {
        Place from = Place.of(insn, 0);
        return Rare.plain(insn, c -> {
            needBases(c);
            long base = from.get(c);
            if (base << 16 >> 16 != base) {
                throw c.raise(Fault.GP);
            }
            c.segmentBase[segment] = base;
        });
    }

    // ---------------------------------------------------------------------------------------------------- MSRs, time

    private static void readMsr(Cpu c) {
        privileged(c);
        int number = (int) c.r[Cpu.RCX];
        if (Control.owns(number)) {
            long value = c.control.readMsr(number);
            c.r[Cpu.RAX] = value & 0xffffffffL;
            c.r[Cpu.RDX] = value >>> 32;
        } else {
            c.stop(CpuExit.Reason.MSR_READ);
        }
    }

    private static void writeMsr(Cpu c) {
        privileged(c);
        int number = (int) c.r[Cpu.RCX];
        if (Control.owns(number)) {
            c.control.writeMsr(number, c.r[Cpu.RDX] << 32 | c.r[Cpu.RAX] & 0xffffffffL);
        } else {
            c.stop(CpuExit.Reason.MSR_WRITE);
        }
    }

    private static void readTime(Cpu c) {
        if ((c.system.cr4 & Control.CR4_TSD) != 0 && c.cpl != 0) {
            throw c.raise(Fault.GP);
        }
        long time = c.clock.tsc(c.granted - c.left);
        c.r[Cpu.RAX] = time & 0xffffffffL;
        c.r[Cpu.RDX] = time >>> 32;
    }

    // --------------------------------------------------------------------------------------------------------- flags

    private static void defineFlags(Semantics s) {
        s.define(
                "cli",
                insn -> Rare.plain(insn, c -> {
                    needInterruptFlag(c);
                    c.otherFlags &= ~Cpu.IF;
                }));
        s.define(
                "sti",
                insn -> Rare.last(insn, c -> {
                    needInterruptFlag(c);
                    if ((c.otherFlags & Cpu.IF) == 0) {
                        c.otherFlags |= Cpu.IF;
                        c.interrupts.shadow();
                    }
                }));
        s.define("clac", insn -> Rare.last(insn, c -> access(c, 0)));
        s.define("stac", insn -> Rare.last(insn, c -> access(c, Cpu.AC)));
        s.define("pushf", insn -> Rare.plain(insn, c -> StackOps.push(c, insn.operandBits(), c.rflags() & 0xfcffffL)));
        s.define(
                "popf",
                insn -> Rare.last(insn, c -> {
                    long flags = StackOps.pop(c, insn.operandBits());
                    c.transfer.popFlags(flags, insn.operandBits());
                }));
    }

    private static void needInterruptFlag(Cpu c) {
        if (!c.transfer.interruptFlagOpen()) {
            throw c.raise(Fault.GP);
        }
    }

    private static void access(Cpu c, long ac) {
        if (c.cpl != 0) {
            throw c.raise(Fault.UD);
        }
        c.otherFlags = c.otherFlags & ~Cpu.AC | ac;
        c.mmu.select();
    }

    // --------------------------------------------------------------------------------------------- descriptor tables

    private static void defineTables(Semantics s) {
        s.define("lgdt", insn -> loadTable(insn, false));
        s.define("lidt", insn -> loadTable(insn, true));
        s.define("sgdt", insn -> storeTable(insn, false));
        s.define("sidt", insn -> storeTable(insn, true));
        s.define("sldt", insn -> storeSelector(insn, c -> c.system.ldtSelector));
        s.define("str", insn -> storeSelector(insn, c -> c.system.taskSelector));
        s.define("lldt", insn -> {
            Place from = Place.of(insn, 0);
            return Rare.plain(insn, c -> {
                privileged(c);
                c.segments.loadLdt((int) from.get(c));
            });
        });
        s.define("ltr", insn -> {
            Place from = Place.of(insn, 0);
            return Rare.plain(insn, c -> {
                privileged(c);
                c.segments.loadTask((int) from.get(c));
            });
        });
    }

    private static Op loadTable(Insn insn, boolean interrupts) {
        Address from = new Address(insn);
        boolean wide = insn.mode() == Insn.Mode.BITS_64;
        long mask = wide ? -1 : insn.operandBits() == 16 ? 0xffffff : 0xffffffffL;
        return Rare.plain(insn, c -> {
            privileged(c);
            int limit = c.mmu.read16(from.of(c));
            long base = Place.read(c, from.of(c, 2), wide ? 64 : 32) & mask;
            if (base << 16 >> 16 != base) {
                throw c.raise(Fault.GP);
            }
            if (interrupts) {
                c.system.idtBase = base;
                c.system.idtLimit = limit;
            } else {
                c.system.gdtBase = base;
                c.system.gdtLimit = limit;
            }
        });
    }

    private static Op storeTable(Insn insn, boolean interrupts) {
        Address to = new Address(insn);
        int bits = insn.mode() == Insn.Mode.BITS_64 ? 64 : 32;
        return Rare.plain(insn, c -> {
            c.mmu.checkWrite(to.of(c), 2);
            c.mmu.checkWrite(to.of(c, 2), bits / 8);
            c.mmu.write16(to.of(c), interrupts ? c.system.idtLimit : c.system.gdtLimit);
            Place.write(c, to.of(c, 2), bits, interrupts ? c.system.idtBase : c.system.gdtBase);
        });
    }

    private static Op storeSelector(Insn insn, ToIntFunction<Cpu> selector) {
        Place to = Place.of(insn, 0);
        return Rare.plain(insn, c -> {
            needProtectedMode(c);
            to.set(c, selector.applyAsInt(c));
        });
    }

    static void needProtectedMode(Cpu c) {
        if (!c.segments.protectedMode()) {
            throw c.raise(Fault.UD);
        }
    }

    // --------------------------------------------------------------------------------------------------------- exits

    private static void defineExits(Semantics s) {
        s.define(
                "hlt",
                insn -> Rare.last(insn, c -> {
                    privileged(c);
                    c.stop(CpuExit.Reason.HALT);
                }));
        s.define("cpuid", insn -> Rare.last(insn, c -> c.stop(CpuExit.Reason.CPUID)));
        s.define("vmcall", SystemOps::hypercall);
        s.define("vmmcall", SystemOps::hypercall);
        s.define("ud2", SystemOps::undefined);
        s.define("invpcid", SystemOps::undefined);
    }

    private static Op hypercall(Insn insn) {
        return Rare.last(insn, c -> {
            if (c.deprivileged) {
                throw c.raise(Fault.UD);
            }
            c.stop(CpuExit.Reason.HYPERCALL);
        });
    }

    private static Op undefined(Insn insn) {
        return Rare.last(insn, c -> {
            throw c.raise(Fault.UD);
        });
    }
}
