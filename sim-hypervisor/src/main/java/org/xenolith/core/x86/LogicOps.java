package org.xenolith.core.x86;

/** Bitwise logic, for operands of every kind and width. */
final class LogicOps {
    private LogicOps() {}

    static void define(Semantics s) {
        s.define("and", insn -> new Logic(insn) {
            @Override
            long combine(long a, long b) {
                return a & b;
            }
        });
        s.define("or", insn -> new Logic(insn) {
            @Override
            long combine(long a, long b) {
                return a | b;
            }
        });
        s.define("xor", insn -> new Logic(insn) {
            @Override
            long combine(long a, long b) {
                return a ^ b;
            }
        });
        s.define("test", Test::new);
        s.define("not", Not::new);
    }

    private abstract static class Logic extends Op {
        private final Place to;
        private final Place from;
        private final int shift;

        Logic(Insn insn) {
            to = Place.of(insn, 0);
            from = Place.of(insn, 1);
            shift = 64 - to.bits;
        }

        abstract long combine(long a, long b);

        @Override
        public void exec(Cpu c) {
            long b = from.get(c);
            long result = combine(to.update(c), b);
            to.set(c, result);
            c.setFlags(result << shift >> shift, 0);
        }
    }

    private static final class Test extends Op {
        private final Place left;
        private final Place right;
        private final int shift;

        Test(Insn insn) {
            left = Place.of(insn, 0);
            right = Place.of(insn, 1);
            shift = 64 - left.bits;
        }

        @Override
        public void exec(Cpu c) {
            c.setFlags((left.get(c) & right.get(c)) << shift >> shift, 0);
        }
    }

    private static final class Not extends Op {
        private final Place to;

        Not(Insn insn) {
            to = Place.of(insn, 0);
        }

        @Override
        public void exec(Cpu c) {
            to.set(c, ~to.update(c));
        }
    }
}
