package org.xenolith.core.x86;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** GNU objdump as an oracle: its listing of a file, and a comparison of ours with it. */
final class Objdump {
    private static final int LONGEST = 16;
    private static final int MOST_DIFFERENCES = 20;

    /** Sees a line of the listing. */
    @FunctionalInterface
    interface Visitor {
        /**
         * An instruction.
         *
         * @param bytes where its bytes are, from 0 on; overwritten by the next
         * @param text what objdump prints, in the form of {@link Disassembler.Line#text}
         */
        void instruction(long address, byte[] bytes, int length, String text);
    }

    /**
     * What a comparison came to.
     *
     * @param compared instructions seen
     * @param different those that differ
     * @param examples the first of those
     */
    record Comparison(long compared, long different, List<String> examples) {}

    private Objdump() {}

    /** Whether it is installed. */
    static boolean installed() {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(folder -> new File(folder, "objdump").canExecute());
    }

    /** Lets {@code visitor} see every instruction that {@code objdump} lists, given {@code arguments}. */
    static void list(Visitor visitor, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("objdump", "--insn-width=15"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        byte[] bytes = new byte[LONGEST];
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int first = line.indexOf('\t');
                int second = first < 0 ? -1 : line.indexOf('\t', first + 1);
                if (second < 0) {
                    continue;
                }
                long address =
                        Long.parseUnsignedLong(line.substring(0, first - 1).trim(), 16);
                int length = 0;
                for (int i = first + 1; i + 1 < second && line.charAt(i) != ' '; i += 3) {
                    bytes[length++] = (byte) Integer.parseInt(line, i, i + 2, 16);
                }
                visitor.instruction(address, bytes, length, normal(line.substring(second + 1)));
            }
        }
        if (process.waitFor() != 0) {
            throw new IOException("objdump failed: " + command);
        }
    }

    /** Holds every instruction of the listing against what we print for its bytes. */
    static Comparison compare(Insn.Mode mode, String... arguments) throws IOException, InterruptedException {
        Disassembler disassembler = new Disassembler();
        List<String> examples = new ArrayList<>();
        long[] count = new long[2];
        list(
                (address, bytes, length, text) -> {
                    count[0]++;
                    Disassembler.Line ours = disassembler.print(bytes, 0, length, address, mode);
                    if (ours == null || ours.length() != length || !ours.text().equals(text)) {
                        count[1]++;
                        if (examples.size() < MOST_DIFFERENCES) {
                            examples.add(Long.toHexString(address) + ": objdump " + length + " bytes: " + text
                                    + ", we: " + ours);
                        }
                    }
                },
                arguments);
        return new Comparison(count[0], count[1], examples);
    }

    /** Without padding and names of symbols; addresses begin with 0x whether there was a symbol or not. */
    static String normal(String printed) {
        String text = printed;
        String comment = "";
        int hash = text.indexOf('#');
        if (hash >= 0) {
            String address = firstWord(text.substring(hash + 1).trim());
            comment = " # " + (address.startsWith("0x") ? address : "0x" + address);
            text = text.substring(0, hash);
        }
        int symbol = text.indexOf('<');
        if (symbol >= 0) {
            text = text.substring(0, symbol).trim();
            int last = text.lastIndexOf(' ') + 1;
            text = text.substring(0, last) + "0x" + text.substring(last);
        }
        StringBuilder out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean padding = c == ' ' && (out.isEmpty() || out.charAt(out.length() - 1) == ' ');
            if (!padding) {
                out.append(c);
            }
        }
        return out.toString().trim() + comment;
    }

    private static String firstWord(String text) {
        int end = text.indexOf(' ');
        return end < 0 ? text : text.substring(0, end);
    }
}
