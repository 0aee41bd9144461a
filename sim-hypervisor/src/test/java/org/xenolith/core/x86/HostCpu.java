package org.xenolith.core.x86;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The CPU this runs on, as an oracle: {@code src/oracle/host-cpu.c}, which needs Linux on x86-64 and gcc. */
final class HostCpu implements AutoCloseable {
    private static final int TEST_BYTES = 24 + 16 * 8 + 8 + OracleState.FX_BYTES + OracleState.WINDOW_BYTES;
    private static final int RESULT_BYTES =
            16 * 8 + 8 + 8 + 4 + 4 + 8 + OracleState.FX_BYTES + OracleState.WINDOW_BYTES + 8;
    private static final int STEP = 1;
    private static final int CODE_32 = 2;

    private final Process process;
    private final OutputStream out;
    private final DataInputStream in;

    /** Builds it in {@code directory} and starts it. */
    HostCpu(Path directory) throws IOException, InterruptedException {
        Path binary = directory.resolve("host-cpu");
        Process gcc = new ProcessBuilder("gcc", "-O2", "-o", binary.toString(), "src/oracle/host-cpu.c")
                .inheritIO()
                .start();
        if (gcc.waitFor() != 0) {
            throw new IOException("gcc cannot build src/oracle/host-cpu.c");
        }
        process = new ProcessBuilder(binary.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        out = new BufferedOutputStream(process.getOutputStream(), 1 << 16);
        in = new DataInputStream(new BufferedInputStream(process.getInputStream(), 1 << 16));
    }

    /** Why there is none here, or null if there is. */
    static String missing() {
        String cpu = System.getProperty("os.arch");
        if (!System.getProperty("os.name").equals("Linux") || !(cpu.equals("amd64") || cpu.equals("x86_64"))) {
            return "the host is no x86-64 with Linux";
        }
        for (String directory : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
            if (Files.isExecutable(Path.of(directory, "gcc"))) {
                return null;
            }
        }
        return "there is no gcc";
    }

    /** Executes all, in order; the results in the same order. */
    OracleState[] execute(List<OracleCase> cases) {
        Thread writer = new Thread(() -> send(cases));
        writer.start();
        OracleState[] results = new OracleState[cases.size()];
        byte[] bytes = new byte[RESULT_BYTES];
        try {
            for (int i = 0; i < results.length; i++) {
                in.readFully(bytes);
                results[i] = result(bytes);
            }
            writer.join();
        } catch (IOException e) {
            throw new UncheckedIOException("the host executed " + cases.size() + " cases, but for the last ones", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        return results;
    }

    private void send(List<OracleCase> cases) {
        ByteBuffer b = ByteBuffer.allocate(TEST_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try {
            for (OracleCase test : cases) {
                b.clear();
                b.put(test.code()).position(16);
                b.put((byte) test.code().length);
                b.put((byte) ((test.steps() ? STEP : 0) | (test.code32() ? CODE_32 : 0)));
                b.position(24);
                for (long value : test.before().r) {
                    b.putLong(value);
                }
                b.putLong(test.before().flags);
                b.put(test.before().fx);
                b.put(test.before().window);
                out.write(b.array());
            }
            out.flush();
        } catch (IOException e) {
            process.destroy(); // the reader sees the end
        }
    }

    private static OracleState result(byte[] bytes) {
        ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        OracleState s = new OracleState();
        for (int i = 0; i < 16; i++) {
            s.r[i] = b.getLong();
        }
        s.rip = b.getLong();
        s.flags = b.getLong() & OracleState.FLAGS;
        s.trap = b.getInt();
        s.error = b.getInt();
        s.faultAddress = b.getLong();
        b.get(s.fx);
        b.get(s.window);
        s.strays = b.getLong();
        if (s.trap == OracleState.DONE) {
            s.error = 0;
        }
        return s;
    }

    @Override
    public void close() throws IOException {
        out.close();
        try {
            if (process.waitFor(10, TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }
}
