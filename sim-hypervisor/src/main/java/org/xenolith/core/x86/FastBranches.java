package org.xenolith.core.x86;

/** Branches and stack operations of 64-bit mode, an op for each condition: what {@link BranchOps} and {@link StackOps} do for all. */
final class FastBranches {
    private FastBranches() {}

    static void define(FastShapes s) {
        s.define("jcc t 64", FastBranches::onCondition);
        s.define("push r 64", in64Bits(Push::new));
        s.define("push i 64", in64Bits(PushConstant::new));
        s.define("pop r 64", in64Bits(Pop::new));
        s.define("call t 64", in64Bits(Call::new));
        s.define("ret 64", in64Bits(Return::new));
    }

    private static Semantics.Factory in64Bits(Semantics.Factory factory) {
        return insn -> insn.mode() == Insn.Mode.BITS_64 ? factory.make(insn) : null;
    }

    private abstract static class Branch extends Op {
        final long next;

        Branch(Insn insn) {
            next = insn.next();
        }

        @Override
        public final boolean ends() {
            return true;
        }

        @Override
        public final boolean near() {
            return true;
        }
    }

    private abstract static class Conditional extends Branch {
        final long target;

        Conditional(Insn insn) {
            super(insn);
            target = insn.operand(0).value();
        }
    }

    private static Op onCondition(Insn insn) {
        if (insn.mode() != Insn.Mode.BITS_64) {
            return null;
        }
        return switch (insn.condition()) {
            case 2 ->
                new Conditional(insn) {
                    @Override
                    public void exec(Cpu c) {
                        c.rip = c.cf() ? target : next;
                    }
                };
            case 3 ->
                new Conditional(insn) {
                    @Override
                    public void exec(Cpu c) {
                        c.rip = c.cf() ? next : target;
                    }
                };
            case 4 ->
                new Conditional(insn) {
                    @Override
                    public void exec(Cpu c) {
                        c.rip = c.zf() ? target : next;
                    }
                };
            case 5 ->
                new Conditional(insn) {
                    @Override
                    public void exec(Cpu c) {
                        c.rip = c.zf() ? next : target;
                    }
                };
            case 6 ->
                new Conditional(insn) {
                    @Override
                    public void exec(Cpu c) {
                        c.rip = c.cf() || c.zf() ? target : next;
                    }
                };
            case 7 ->
                new Conditional(insn) {
                    @Override
                    public void exec(Cpu c) {
                        c.rip = c.cf() || c.zf() ? next : target;
                    }
                };
            case 8 ->
                new Conditional(insn) {
                    @Override
                    public void exec(Cpu c) {
                        c.rip = c.sf() ? target : next;
                    }
                };
            case 9 ->
                new Conditional(insn) {
                    @Override
                    public void exec(Cpu c) {
                        c.rip = c.sf() ? next : target;
                    }
                };
            case 12 ->
                new Conditional(insn) {
                    @Override
                    public void exec(Cpu c) {
                        c.rip = c.less() ? target : next;
                    }
                };
            case 13 ->
                new Conditional(insn) {
                    @Override
                    public void exec(Cpu c) {
                        c.rip = c.less() ? next : target;
                    }
                };
            case 14 ->
                new Conditional(insn) {
                    @Override
                    public void exec(Cpu c) {
                        c.rip = c.less() || c.zf() ? target : next;
                    }
                };
            case 15 ->
                new Conditional(insn) {
                    @Override
                    public void exec(Cpu c) {
                        c.rip = c.less() || c.zf() ? next : target;
                    }
                };
            default -> null;
        };
    }

    private static final class Push extends Op {
        private final int from;

        Push(Insn insn) {
            from = insn.operand(0).register();
        }

        @Override
        public void exec(Cpu c) {
            long rsp = c.r[Cpu.RSP] - 8;
            c.mmu.write64(rsp, c.r[from]);
            c.r[Cpu.RSP] = rsp;
        }
    }

    private static final class PushConstant extends Op {
        private final long value;

        PushConstant(Insn insn) {
            value = insn.operand(0).value();
        }

        @Override
        public void exec(Cpu c) {
            long rsp = c.r[Cpu.RSP] - 8;
            c.mmu.write64(rsp, value);
            c.r[Cpu.RSP] = rsp;
        }
    }

    private static final class Pop extends Op {
        private final int to;

        Pop(Insn insn) {
            to = insn.operand(0).register();
        }

        @Override
        public void exec(Cpu c) {
            long rsp = c.r[Cpu.RSP];
            long value = c.mmu.read64(rsp);
            c.r[Cpu.RSP] = rsp + 8;
            c.r[to] = value;
        }
    }

    private static final class Call extends Branch {
        private final long target;

        Call(Insn insn) {
            super(insn);
            target = insn.operand(0).value();
        }

        @Override
        public void exec(Cpu c) {
            long rsp = c.r[Cpu.RSP] - 8;
            c.mmu.write64(rsp, next);
            c.r[Cpu.RSP] = rsp;
            c.rip = target;
        }
    }

    private static final class Return extends Branch {
        Return(Insn insn) {
            super(insn);
        }

        @Override
        public void exec(Cpu c) {
            long rsp = c.r[Cpu.RSP];
            c.rip = BranchOps.canonical(c, c.mmu.read64(rsp));
            c.r[Cpu.RSP] = rsp + 8;
        }
    }
}
