package org.xenolith.toolstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorOutputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tukaani.xz.FilterOptions;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.LZMAOutputStream;
import org.tukaani.xz.X86Options;
import org.tukaani.xz.XZOutputStream;
import org.xenolith.engine.InputException;

class KernelImageTest {
    private static KernelImage read(byte[] bytes) {
        return KernelImage.of(bytes, "k");
    }

    private static byte[] pack(Compression compression, byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        switch (compression) {
            case ZSTD -> out.writeBytes(Zstd.compress(plain));
            case LZ4_LEGACY -> {
                ByteArrayOutputStream block = new ByteArrayOutputStream();
                write(new BlockLZ4CompressorOutputStream(block), plain);
                out.writeBytes(Kernels.number(4, 0x184c2102));
                out.writeBytes(Kernels.number(4, block.size()));
                block.writeTo(out);
            }
            case GZIP -> write(new GZIPOutputStream(out), plain);
            case BZIP2 -> write(new BZip2CompressorOutputStream(out), plain);
            case LZ4 -> write(new FramedLZ4CompressorOutputStream(out), plain);
            case LZMA -> write(new LZMAOutputStream(out, new LZMA2Options(), -1), plain);
            case XZ ->
                write(new XZOutputStream(out, new FilterOptions[] {new X86Options(), new LZMA2Options()}), plain);
        }
        return out.toByteArray();
    }

    private static void write(OutputStream to, byte[] bytes) throws IOException {
        try (to) {
            to.write(bytes);
        }
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void unpacksWhatLinuxPacks(Compression compression) throws IOException {
        byte[] plain = Kernels.linux();
        byte[] packed = pack(compression, plain);

        KernelImage inBzImage = read(Kernels.bzImage(Kernels.withSize(packed, plain.length)));

        assertThat(inBzImage.elf().bytes()).isEqualTo(plain);
        assertThat(read(packed).elf().bytes()).isEqualTo(plain);
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void refusesADamagedPayloadInOneLine(Compression compression) throws IOException {
        byte[] plain = Kernels.linux();
        byte[] packed = pack(compression, plain);
        byte[] half = Arrays.copyOf(packed, packed.length / 2);

        assertThatThrownBy(() -> read(Kernels.bzImage(Kernels.withSize(half, plain.length))))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("k: the kernel in it, packed with ")
                .hasMessageEndingWith("; get the file again")
                .hasMessageNotContaining("\n");
    }

    @Test
    void readsSegmentsAndNotes() {
        KernelImage kernel = read(Kernels.linux());

        assertThat(kernel.elf().segments())
                .containsExactly(new ElfFile.Segment(
                        0x1000, Kernels.CODE, Kernels.VIRT_BASE + Kernels.LOADED_AT, Kernels.LOADED_AT, 0x3000));
        assertThat(kernel.notes().guestOs()).isEqualTo("linux");
        assertThat(kernel.notes().entry()).hasValue(Kernels.VIRT_BASE + Kernels.ENTRY);
        assertThat(kernel.notes().phys32Entry()).hasValue(Kernels.ENTRY);
        assertThat(kernel.notes().virtBase()).isEqualTo(Kernels.VIRT_BASE);
        assertThat(kernel.notes().initP2m()).hasValue(0x8000000000L);
        assertThat(kernel.notes().modStartPfn()).isTrue();
        assertThat(kernel.startsPv()).isTrue();
        assertThat(kernel.startsPvh()).isTrue();
    }

    @Test
    void readsNotesOfFourBytesAsUnsigned() {
        KernelImage kernel =
                read(new Kernels().note(18, Kernels.number(4, 0xf0000000L)).bytes());

        assertThat(kernel.notes().phys32Entry()).hasValue(0xf0000000L);
        assertThat(kernel.startsPv()).isFalse();
    }

    @Test
    void refusesWhatIsNoKernel() {
        assertThatThrownBy(() -> read("#!/bin/sh\n".getBytes(StandardCharsets.US_ASCII)))
                .hasMessage("k: is no kernel; give a vmlinux or a bzImage");
        assertThatThrownBy(() -> read(new byte[0])).hasMessage("k: is no kernel; give a vmlinux or a bzImage");
        assertThatThrownBy(() -> KernelImage.load(Path.of("nowhere/vmlinuz")))
                .hasMessage("nowhere/vmlinuz: no such file; give a kernel, a vmlinux or a bzImage");
        assertThatThrownBy(() -> KernelImage.load(Path.of("src")))
                .hasMessage("src: is a folder; give a kernel, a vmlinux or a bzImage");
        assertThatThrownBy(() -> read(new Kernels().bytes()))
                .hasMessage("k: has no Xen notes, so it cannot start as a Xen guest; give a Linux built with"
                        + " CONFIG_XEN_PVH=y or CONFIG_XEN_PV=y, as distributions' kernels are");
        byte[] arm = Kernels.linux();
        arm[18] = (byte) 183;
        assertThatThrownBy(() -> read(arm)).hasMessage("k: is no executable for x86-64; give one built for it");
    }

    @Test
    void refusesWhatIsCutOff() {
        byte[] linux = Kernels.linux();

        assertThatThrownBy(() -> read(Arrays.copyOf(linux, 20)))
                .hasMessage("k: is cut off inside the ELF header; get the file again");
        assertThatThrownBy(() -> read(Arrays.copyOf(linux, 100)))
                .hasMessage("k: is cut off: program header 0 has 56 bytes from byte 64 on, the file has 100;"
                        + " get the file again");
        assertThatThrownBy(() -> read(Arrays.copyOf(linux, 0x1100)))
                .hasMessage("k: is cut off: segment 0 has 4660 bytes from byte 4096 on, the file has 4352;"
                        + " get the file again");
        assertThatThrownBy(() -> read(Arrays.copyOf(Kernels.bzImage(linux), 5000)))
                .hasMessageStartingWith("k: is cut off: the kernel in it is ");
    }

    @Test
    void refusesPayloadsItCannotUnpack() {
        byte[] lzo = Kernels.withSize(new byte[] {(byte) 0x89, 'L', 'Z', 'O', 0, 13, 10, 26, 10}, 100);
        assertThatThrownBy(() -> read(Kernels.bzImage(lzo)))
                .hasMessage(
                        "k: the kernel in it is compressed in an unknown way (it begins 894c5a4f); give its vmlinux,"
                                + " as Linux's extract-vmlinux makes it");
        byte[] old = Kernels.bzImage(lzo);
        old[0x206] = 7;
        assertThatThrownBy(() -> read(old))
                .hasMessage(
                        "k: is a bzImage of boot protocol 2.7, which does not say where the kernel in it is; give its"
                                + " vmlinux");
        byte[] huge = Kernels.withSize(new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0}, -1);
        assertThatThrownBy(() -> read(Kernels.bzImage(huge)))
                .hasMessage("k: the kernel in it says to be 4294967295 bytes, more than 512 MiB; get the file again");
    }

    @Property(tries = 2000)
    void oneWrongByteIsReadOrRefused(@ForAll @IntRange(max = 400) int at, @ForAll byte value) {
        byte[] bytes = Kernels.linux();
        // the headers, then the notes at the end
        bytes[at < 200 ? at : bytes.length - 1 - (at - 200) % 200] = value;
        readOrRefuse(bytes);
    }

    static void readOrRefuse(byte[] bytes) {
        try {
            KernelImage kernel = read(bytes);
            kernel.startsPv();
            kernel.startsPvh();
            for (ElfFile.Segment segment : kernel.elf().segments()) {
                assertThat(segment.offset()).isBetween(0, kernel.elf().bytes().length - segment.fileSize());
            }
        } catch (InputException e) {
            assertThat(e.getMessage()).startsWith("k: ").doesNotContain("\n");
        }
    }
}
