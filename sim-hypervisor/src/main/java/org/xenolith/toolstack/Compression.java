package org.xenolith.toolstack;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorInputStream;
import org.tukaani.xz.LZMAInputStream;
import org.tukaani.xz.SingleXZInputStream;
import org.xenolith.machine.LittleEndian;

/** How the kernel inside a bzImage may be compressed, told by its first bytes: what Linux's {@code scripts/Makefile.lib} makes. */
enum Compression {
    GZIP("1f8b") {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new GZIPInputStream(packed);
        }
    },
    XZ("fd377a585a00") {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new SingleXZInputStream(packed, MOST_DICTIONARY_KIBIBYTES);
        }
    },
    ZSTD("28b52ffd") {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new ZstdInputStreamNoFinalizer(packed);
        }
    },
    LZ4_LEGACY("02214c18") {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new LegacyLz4(packed);
        }
    },
    LZ4("04224d18") {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new FramedLZ4CompressorInputStream(packed);
        }
    },
    BZIP2("425a68") {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new BZip2CompressorInputStream(packed);
        }
    },
    LZMA("5d0000") {
        @Override
        InputStream open(InputStream packed) throws IOException {
            return new LZMAInputStream(packed, MOST_DICTIONARY_KIBIBYTES);
        }
    };

    /** Largest dictionary that an input may ask for; Linux uses 32 MiB, and the largest preset of xz 64. */
    private static final int MOST_DICTIONARY_KIBIBYTES = 160 << 10;

    private static final int MOST_MAGIC = 6;
    private static final int PIECE = 1 << 16;

    /** The first bytes, in hexadecimal. */
    private final String magic;

    Compression(String magic) {
        this.magic = magic;
    }

    /** The unpacked bytes of {@code packed}. */
    abstract InputStream open(InputStream packed) throws IOException;

    /** How the bytes from {@code from} on are compressed; null if in no way that is known. */
    static Compression of(byte[] bytes, int from) {
        String begins = HexFormat.of().formatHex(bytes, from, Math.min(bytes.length, from + MOST_MAGIC));
        for (Compression compression : values()) {
            if (begins.startsWith(compression.magic)) {
                return compression;
            }
        }
        return null;
    }

    /**
     * Unpacks exactly {@code size} bytes from {@code bytes}; what comes behind them is not looked at.
     *
     * @throws IOException if they cannot be unpacked, or are fewer
     */
    byte[] unpack(byte[] bytes, int from, int length, int size) throws IOException {
        try (InputStream in = open(new ByteArrayInputStream(bytes, from, length))) {
            byte[] unpacked = in.readNBytes(size);
            if (unpacked.length < size) {
                throw new EOFException("ends after " + unpacked.length + " of " + size + " bytes");
            }
            return unpacked;
        } catch (RuntimeException e) { // the libraries' answer to some damaged inputs
            throw new IOException("is damaged", e);
        }
    }

    /**
     * Unpacks all there is, but no more than {@code most} bytes.
     *
     * @throws IOException if it cannot be unpacked, or is more
     */
    byte[] unpackAll(byte[] bytes, int most) throws IOException {
        try (InputStream in = open(new ByteArrayInputStream(bytes))) {
            byte[] unpacked = in.readNBytes(most);
            if (in.read() >= 0) {
                throw new IOException("unpacks to more than " + most + " bytes");
            }
            return unpacked;
        } catch (RuntimeException e) {
            throw new IOException("is damaged", e);
        }
    }

    /** The frame of {@code lz4 -l}: after the magic, blocks of a 32-bit size and as many bytes, until the input ends. */
    private static final class LegacyLz4 extends InputStream {
        private static final int MOST = 8 << 20;

        private final InputStream packed;
        private byte[] block = {};
        private int at;

        LegacyLz4(InputStream packed) throws IOException {
            this.packed = packed;
            packed.skipNBytes(4);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (at == block.length && !nextBlock()) {
                return -1;
            }
            int copied = Math.min(length, block.length - at);
            System.arraycopy(block, at, to, offset, copied);
            at += copied;
            return copied;
        }

        private boolean nextBlock() throws IOException {
            byte[] header = packed.readNBytes(4);
            if (header.length == 0) {
                return false;
            }
            int size = header.length < 4 ? 0 : LittleEndian.get32(header, 0);
            // A block that does not compress grows by a byte in 255, and a few.
            if (size <= 0 || size > MOST + MOST / 255 + 16) {
                throw new IOException("has a block of " + Integer.toUnsignedString(size) + " bytes");
            }
            byte[] compressed = packed.readNBytes(size);
            if (compressed.length < size) {
                throw new EOFException("ends inside a block");
            }
            ByteArrayOutputStream unpacked = new ByteArrayOutputStream(MOST);
            try (InputStream in = new BlockLZ4CompressorInputStream(new ByteArrayInputStream(compressed))) {
                copy(in, unpacked);
            }
            block = unpacked.toByteArray();
            at = 0;
            return block.length > 0;
        }

        private static void copy(InputStream in, OutputStream out) throws IOException {
            byte[] piece = new byte[PIECE];
            int total = 0;
            for (int n = in.read(piece); n > 0; n = in.read(piece)) {
                total += n;
                if (total > MOST) {
                    throw new IOException("has a block that unpacks to more than " + MOST + " bytes");
                }
                out.write(piece, 0, n);
            }
        }
    }
}
