package org.xenolith.trace;

import com.github.luben.zstd.ZstdInputStream;
import com.github.luben.zstd.ZstdOutputStream;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZInputStream;
import org.tukaani.xz.XZOutputStream;
import org.xenolith.engine.InputException;

/** Opens traces, compressed or not, and creates them. */
final class TraceFiles {
    /** Memory an xz stream may ask for, in KiB: far above what the strongest preset needs. */
    private static final int XZ_MEMORY_LIMIT = 256 * 1024;

    private static final int BUFFER_BYTES = 1 << 16;

    private TraceFiles() {}

    /** Opens {@code file}; xz, gzip and zstd, also several streams in a row, are recognised by their first bytes. */
    static InputStream open(Path file) {
        InputStream raw = null;
        try {
            if (Files.isDirectory(file)) {
                throw new InputException(file + ": is a folder; name a trace file");
            }
            raw = new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES);
            return decompress(raw);
        } catch (IOException e) {
            closeQuietly(raw);
            throw refusal(file, e);
        }
    }

    private static InputStream decompress(InputStream raw) throws IOException {
        raw.mark(8);
        byte[] magic = raw.readNBytes(6);
        raw.reset();
        if (startsWith(magic, 0xfd, '7', 'z', 'X', 'Z', 0)) {
            return new XZInputStream(raw, XZ_MEMORY_LIMIT);
        }
        if (startsWith(magic, 0x1f, 0x8b)) {
            return new GZIPInputStream(raw, BUFFER_BYTES);
        }
        if (startsWith(magic, 0x28, 0xb5, 0x2f, 0xfd)) {
            return new ZstdInputStream(raw);
        }
        return raw;
    }

    private static boolean startsWith(byte[] bytes, int... prefix) {
        if (bytes.length < prefix.length) {
            return false;
        }
        for (int i = 0; i < prefix.length; i++) {
            if ((bytes[i] & 0xff) != prefix[i]) {
                return false;
            }
        }
        return true;
    }

    /** Creates or replaces {@code file}, compressed as its name says: {@code .xz}, {@code .gz}, {@code .zst}. */
    static OutputStream create(Path file) throws IOException {
        OutputStream raw = new BufferedOutputStream(Files.newOutputStream(file), BUFFER_BYTES);
        String name = file.getFileName().toString();
        if (name.endsWith(".xz")) {
            return new XZOutputStream(raw, new LZMA2Options());
        }
        if (name.endsWith(".gz")) {
            return new GZIPOutputStream(raw, BUFFER_BYTES);
        }
        if (name.endsWith(".zst")) {
            return new ZstdOutputStream(raw);
        }
        return raw;
    }

    /** One line for a file that cannot be read. */
    static InputException refusal(Path file, IOException e) {
        if (e instanceof NoSuchFileException) {
            return new InputException(file + ": no such file", e);
        }
        if (e instanceof AccessDeniedException) {
            return new InputException(file + ": may not be read", e);
        }
        String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return new InputException(file + ": cannot be read: " + why, e);
    }

    /** What to throw for a file that cannot be written: the disk is full, the reader of a pipe has gone. */
    static UncheckedIOException failure(String name, IOException e) {
        String why = e instanceof NoSuchFileException
                ? "there is no such folder"
                : e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return new UncheckedIOException(name + ": cannot be written: " + why, e);
    }

    private static void closeQuietly(InputStream in) {
        if (in != null) {
            try {
                in.close();
            } catch (IOException e) {
                // What made us give up is already being reported.
            }
        }
    }
}
