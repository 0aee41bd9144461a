package org.xenolith.core.x86;

import org.xenolith.core.x86.Insn.Kind;
import org.xenolith.core.x86.Insn.Operand;

/** Loads of segment registers, transfers between segments, interrupts by software, and questions about segments. */
final class SegmentOps {
    private SegmentOps() {}

    static void define(Semantics s) {
        s.define("mov_segment", SegmentOps::move);
        s.define("pop_segment", SegmentOps::pop);
        s.define("les", insn -> loadPointer(insn, Cpu.ES));
        s.define("lds", insn -> loadPointer(insn, Cpu.DS));
        s.define("lss", insn -> loadPointer(insn, Cpu.SS));
        s.define("lfs", insn -> loadPointer(insn, Cpu.FS));
        s.define("lgs", insn -> loadPointer(insn, Cpu.GS));
        s.define("far_jmp", insn -> far(insn, (c, selector, offset) -> c.transfer.jump(selector, offset)));
        s.define("far_call", insn -> {
            long next = Rare.next(insn);
            int bits = insn.operandBits();
            return far(insn, (c, selector, offset) -> c.transfer.call(selector, offset, next, bits));
        });
        s.define("far_ret", insn -> {
            int extra = insn.operands().isEmpty() ? 0 : (int) insn.operand(0).value() & 0xffff;
            return Rare.transfer(insn, c -> c.transfer.ret(insn.operandBits(), extra));
        });
        s.define("iret", insn -> Rare.transfer(insn, c -> c.transfer.iret(insn.operandBits())));
        s.define("syscall", insn -> Rare.transfer(insn, c -> c.transfer.syscall(Rare.next(insn))));
        s.define("sysret", insn -> Rare.transfer(insn, c -> c.transfer.sysret(insn.operandBits() == 64)));
        s.define("sysenter", insn -> Rare.transfer(insn, c -> c.transfer.sysenter(Rare.next(insn))));
        s.define("sysexit", insn -> Rare.transfer(insn, c -> c.transfer.sysexit(insn.operandBits() == 64)));
        s.define("int", insn -> software(insn, (int) insn.operand(0).value() & 0xff, true));
        s.define("int1", insn -> software(insn, Fault.DB, false));
        s.define("int3", insn -> software(insn, Fault.BP, true));
        s.define("into", insn -> {
            long next = Rare.next(insn);
            return Rare.transfer(insn, c -> {
                if (c.of()) {
                    c.interrupts.software(Fault.OF, next, true);
                } else {
                    c.rip = next;
                }
            });
        });
        s.define("arpl", SegmentOps::adjustPrivilege);
        s.define("bound", SegmentOps::bound);
        s.define("lar", insn -> question(insn, SegmentOps::attributes));
        s.define("lsl", insn -> question(insn, SegmentOps::limit));
        s.define("verr", insn -> verify(insn, false));
        s.define("verw", insn -> verify(insn, true));
    }

    // ------------------------------------------------------------------------------------------------------ loading

    private static Op move(Insn insn) {
        Operand to = insn.operand(0);
        if (to.kind() != Kind.SEGMENT) {
            Place target = Place.of(insn, 0);
            int segment = insn.operand(1).register();
            return Rare.plain(insn, c -> target.set(c, c.selector[segment]));
        }
        Place from = Place.of(insn, 1);
        int segment = to.register();
        return load(insn, segment, c -> c.segments.load(segment, (int) from.get(c) & 0xffff));
    }

    private static Op pop(Insn insn) {
        int segment = insn.operand(0).register();
        int bits = insn.operandBits();
        return load(insn, segment, c -> {
            long rsp = c.r[Cpu.RSP];
            long mask = StackOps.mask(c);
            int selector = c.mmu.read16(StackOps.linear(c, rsp, mask));
            c.segments.load(segment, selector);
            StackOps.setRsp(c, rsp + bits / 8, mask);
        });
    }

    /** An op that loads {@code segment}; behind a load of ss no interrupt comes. */
    private static Op load(Insn insn, int segment, Rare.Action action) {
        if (segment == Cpu.CS) {
            return Rare.last(insn, c -> {
                throw c.raise(Fault.UD);
            });
        }
        if (segment != Cpu.SS) {
            return Rare.plain(insn, action);
        }
        return Rare.last(insn, c -> {
            action.on(c);
            c.interrupts.shadow();
        });
    }

    private static Op loadPointer(Insn insn, int segment) {
        Place to = Place.of(insn, 0);
        Address from = new Address(insn);
        int bits = insn.operandBits();
        return Rare.last(insn, c -> {
            long offset = Place.read(c, from.of(c), bits);
            int selector = c.mmu.read16(from.of(c, bits / 8));
            c.segments.load(segment, selector);
            to.set(c, offset);
        });
    }

    // ------------------------------------------------------------------------------------------------------ transfers

    private interface Transfer {
        void to(Cpu c, int selector, long offset);
    }

    private static Op far(Insn insn, Transfer transfer) {
        Operand target = insn.operand(0);
        int bits = insn.operandBits();
        if (target.kind() == Kind.FAR) {
            long offset = target.value() & Address.mask(bits);
            return Rare.transfer(insn, c -> transfer.to(c, target.register(), offset));
        }
        Address at = new Address(insn);
        return Rare.transfer(insn, c -> {
            long offset = Place.read(c, at.of(c), bits);
            transfer.to(c, c.mmu.read16(at.of(c, bits / 8)), offset);
        });
    }

    private static Op software(Insn insn, int vector, boolean checked) {
        long next = Rare.next(insn);
        return Rare.transfer(insn, c -> c.interrupts.software(vector, next, checked));
    }

    // ------------------------------------------------------------------------------------------------------ questions

    private interface Question {
        /** The answer about a descriptor, or -1 if there is none. */
        long ask(Cpu c, long descriptor);
    }

    private static Op question(Insn insn, Question question) {
        Place to = Place.of(insn, 0);
        Place from = Place.of(insn, 1);
        return Rare.plain(insn, c -> {
            SystemOps.needProtectedMode(c);
            int selector = (int) from.get(c) & 0xffff;
            long descriptor = Segments.isNull(selector) ? 0 : c.segments.tables.read(selector);
            long answer = visible(c, selector, descriptor) ? question.ask(c, descriptor) : -1;
            if (answer >= 0) {
                to.set(c, answer);
            }
            c.setZero(answer >= 0);
        });
    }

    private static boolean visible(Cpu c, int selector, long descriptor) {
        int dpl = Segments.dpl(descriptor);
        return Segments.conforming(descriptor) || dpl >= c.cpl && dpl >= (selector & 3);
    }

    private static long attributes(Cpu c, long d) {
        boolean known = !Segments.system(d) || inSet(c.segments.longMode() ? 0x1a04 : 0x1a3e, d);
        return known ? d >>> 32 & 0xffff00 : -1;
    }

    private static long limit(Cpu c, long d) {
        boolean known = !Segments.system(d) || inSet(c.segments.longMode() ? 0x0a04 : 0x0a0e, d);
        return known ? Segments.limit(d) & 0xffffffffL : -1;
    }

    /** Whether the type of system descriptor {@code d} is in the set of bits {@code types}. */
    private static boolean inSet(int types, long d) {
        return (types >>> Segments.type(d) & 1) != 0;
    }

    private static Op verify(Insn insn, boolean write) {
        Place from = Place.of(insn, 0);
        return Rare.plain(insn, c -> {
            SystemOps.needProtectedMode(c);
            int selector = (int) from.get(c) & 0xffff;
            long d = Segments.isNull(selector) ? 0 : c.segments.tables.read(selector);
            c.setZero(visible(c, selector, d) && (write ? Segments.writable(d) : Segments.readable(d)));
        });
    }

    private static Op adjustPrivilege(Insn insn) {
        Place to = Place.of(insn, 0);
        Place from = Place.of(insn, 1);
        return Rare.plain(insn, c -> {
            SystemOps.needProtectedMode(c);
            long selector = to.update(c);
            long privilege = from.get(c) & 3;
            boolean raises = (selector & 3) < privilege;
            if (raises) {
                to.set(c, selector & ~3L | privilege);
            }
            c.setZero(raises);
        });
    }

    private static Op bound(Insn insn) {
        Place index = Place.of(insn, 0);
        Address bounds = new Address(insn);
        int bits = insn.operandBits();
        return Rare.plain(insn, c -> {
            int cut = 64 - bits;
            long lower = Place.read(c, bounds.of(c), bits) << cut >> cut;
            long upper = Place.read(c, bounds.of(c, bits / 8), bits) << cut >> cut;
            long at = index.signed(c);
            if (at < lower || at > upper) {
                throw c.raise(Fault.BR);
            }
        });
    }
}
