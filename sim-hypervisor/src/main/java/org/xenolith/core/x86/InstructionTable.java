package org.xenolith.core.x86;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The instruction table, read and indexed by opcode. Immutable. */
final class InstructionTable {
    private static final List<String> FILES =
            List.of("instructions.txt", "instructions-sse.txt", "instructions-avx.txt", "instructions-avx512.txt");

    private static final int MAPS = 8;

    /**
     * A line, understood.
     *
     * @param entry its text
     * @param encoding its bytes
     * @param operands its operands
     * @param place file and line, for messages
     */
    record Row(Entry entry, Encoding encoding, List<OperandPattern> operands, String place) {
        /** Whether the operand size is 8 bits: registers or memory of a byte, and none that follows the operand size. */
        boolean bytes() {
            boolean bytes = false;
            for (OperandPattern o : operands) {
                if (o.sized()) {
                    return false;
                }
                bytes |= o.width().equals("b") && !o.place().constant();
            }
            return bytes;
        }
    }

    /** What undefined bytes are decoded to. */
    static final Row INVALID =
            new Row(new Entry("-", "(bad)", "-", "-", "-"), new Encoding("0F 0B"), List.of(), "undefined");

    private static final class Standard {
        static final InstructionTable TABLE = load();
    }

    private final List<Row> all = new ArrayList<>();

    // By space, map and opcode; within one, the line that demands most first.
    private final List<List<Row>> rows = new ArrayList<>();

    /** The table of the core. */
    static InstructionTable standard() {
        return Standard.TABLE;
    }

    private static InstructionTable load() {
        InstructionTable table = new InstructionTable();
        for (String file : FILES) {
            try (InputStream in = InstructionTable.class.getResourceAsStream(file)) {
                if (in == null) {
                    throw new IllegalStateException("the instruction table " + file + " is missing");
                }
                table.read(file, new InputStreamReader(in, StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return table;
    }

    InstructionTable() {
        for (int i = 0; i < Encoding.Space.values().length * MAPS * 256; i++) {
            rows.add(new ArrayList<>());
        }
    }

    /** Adds the lines of {@code reader}; throws IllegalArgumentException naming file and line if one is wrong. */
    void read(String file, Reader reader) throws IOException {
        BufferedReader lines = new BufferedReader(reader);
        int number = 0;
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            number++;
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            try {
                add(line, file + ":" + number);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(file + ":" + number + ": " + e.getMessage(), e);
            }
        }
    }

    private void add(String line, String place) {
        String[] c = line.split("\\|", -1);
        if (c.length != 5) {
            throw new IllegalArgumentException("five columns are expected, not " + c.length);
        }
        Entry entry = new Entry(c[0].trim(), c[1].trim(), c[2].trim(), c[3].trim(), c[4].trim());
        if (!entry.flags().matches("-|[oszapcOSZAPC]+")) {
            throw new IllegalArgumentException("'" + entry.flags() + "' are no flags");
        }
        Encoding encoding = new Encoding(entry.encoding());
        List<OperandPattern> operands = new ArrayList<>();
        if (!entry.operands().equals("-")) {
            for (String text : entry.operands().split(",", -1)) {
                OperandPattern operand = OperandPattern.parse(text);
                operands.add(operand);
                if (operand.place().registerOnly()) {
                    encoding.demandMod(true);
                } else if (operand.place().memoryOnly()) {
                    encoding.demandMod(false);
                }
            }
        }
        Row row = new Row(entry, encoding, List.copyOf(operands), place);
        all.add(row);
        for (int i = 0; i < encoding.opcodes; i++) {
            List<Row> at = rows.get(index(encoding.space, encoding.map, encoding.opcode + i));
            int where = 0;
            while (where < at.size() && at.get(where).encoding().demands() >= encoding.demands()) {
                where++;
            }
            at.add(where, row);
        }
    }

    private static int index(Encoding.Space space, int map, int opcode) {
        return (space.ordinal() * MAPS + map) * 256 + opcode;
    }

    /** The lines about an opcode, the one that demands most first. */
    List<Row> at(Encoding.Space space, int map, int opcode) {
        return Collections.unmodifiableList(rows.get(index(space, map, opcode)));
    }

    /** All lines, as they stand in the files. */
    List<Row> rows() {
        return Collections.unmodifiableList(all);
    }
}
