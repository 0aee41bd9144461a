package org.xenolith.core.x86;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZInputStream;
import org.tukaani.xz.XZOutputStream;
import org.xenolith.core.x86.Insn.Mode;

/**
 * Recorded tests: instructions, and what the host's CPU did with them. The state before number {@code n} is what {@link
 * OracleGenerator} makes of seed {@code n}, so only what changed is kept. The form, in one xz stream: the number of tests; for each, the
 * code's length (bit 7: compatibility mode), the code, and the changes; at the end a digest of all states before.
 */
final class OracleVectors {
    private static final int CODE_32 = 0x80;
    private static final int END = 0xffff;

    private OracleVectors() {}

    /** Takes each test and its result. */
    @FunctionalInterface
    interface Taker {
        /** Takes number {@code n}. */
        void take(OracleCase test, OracleState host);
    }

    /** Writes tests; {@link #add} as many as announced, then close. */
    static final class Writer implements AutoCloseable {
        private final DataOutputStream out;
        private int digest;

        Writer(OutputStream to, int tests) throws IOException {
            out = new DataOutputStream(new BufferedOutputStream(new XZOutputStream(to, new LZMA2Options())));
            out.writeInt(tests);
        }

        /** Adds a test made with {@link OracleGenerator#fromCode}, and its result. */
        void add(OracleCase test, OracleState host) throws IOException {
            out.writeByte(test.code().length | (test.code32() ? CODE_32 : 0));
            out.write(test.code());
            changes(test, host);
            digest = digest * 31 + test.before().digest();
        }

        private void changes(OracleCase test, OracleState host) throws IOException {
            OracleState before = test.before();
            out.writeByte(host.trap);
            if (host.trap != OracleState.DONE) {
                out.writeByte(host.error);
                out.writeLong(host.faultAddress);
            }
            out.writeLong(host.rip - test.insn().next());
            out.writeShort((int) (host.flags ^ before.flags));
            out.writeByte((int) host.strays);
            for (int i = 0; i < 16; i++) {
                if (host.r[i] != before.r[i]) {
                    out.writeShort(i);
                    out.writeLong(host.r[i]);
                }
            }
            out.writeShort(END);
            bytes(before.fx, host.fx);
            bytes(before.window, host.window);
        }

        private void bytes(byte[] before, byte[] after) throws IOException {
            for (int i = 0; i < before.length; i++) {
                if (before[i] != after[i]) {
                    out.writeShort(i);
                    out.writeByte(after[i]);
                }
            }
            out.writeShort(END);
        }

        @Override
        public void close() throws IOException {
            out.writeInt(digest);
            out.close();
        }
    }

    /**
     * Reads all tests of {@code from}; returns how many.
     *
     * @throws IOException if they are damaged, or the generator no longer makes the states they were recorded with
     */
    static int read(InputStream from, OracleGenerator generator, Taker taker) throws IOException {
        try (DataInputStream in = new DataInputStream(new XZInputStream(from))) {
            int tests = in.readInt();
            int digest = 0;
            for (int n = 0; n < tests; n++) {
                int length = in.readUnsignedByte();
                byte[] code = new byte[length & ~CODE_32];
                in.readFully(code);
                OracleCase test = generator.fromCode(code, (length & CODE_32) != 0 ? Mode.BITS_32 : Mode.BITS_64, n);
                taker.take(test, result(in, test));
                digest = digest * 31 + test.before().digest();
            }
            if (digest != in.readInt()) {
                throw new IOException(
                        "the vectors were recorded with other states than the generator makes: record them anew");
            }
            return tests;
        }
    }

    private static OracleState result(DataInputStream in, OracleCase test) throws IOException {
        OracleState s = test.before().copy();
        s.trap = in.readByte();
        if (s.trap != OracleState.DONE) {
            s.error = in.readUnsignedByte();
            s.faultAddress = in.readLong();
        }
        s.rip = in.readLong() + test.insn().next();
        s.flags ^= in.readUnsignedShort();
        s.strays = in.readUnsignedByte();
        for (int i = in.readUnsignedShort(); i != END; i = in.readUnsignedShort()) {
            s.r[i] = in.readLong();
        }
        bytes(in, s.fx);
        bytes(in, s.window);
        return s;
    }

    private static void bytes(DataInputStream in, byte[] to) throws IOException {
        for (int i = in.readUnsignedShort(); i != END; i = in.readUnsignedShort()) {
            to[i] = in.readByte();
        }
    }
}
