package org.xenolith.toolstack;

import java.util.BitSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.xenolith.engine.InputException;
import org.xenolith.hypervisor.CpuSet;
import org.xenolith.machine.Topology;

/** Lists of pCPUs as xl takes them: {@code 0-3,6}, {@code 0-7,^2}, {@code all}. */
public final class CpuList {
    private static final Pattern PIECE = Pattern.compile("(\\^?)([0-9]{1,4})(?:-([0-9]{1,4}))?");

    private CpuList() {}

    /**
     * Reads a list.
     *
     * @throws InputException if it is none, or is empty
     */
    public static CpuSet parse(String text) {
        BitSet set = new BitSet();
        for (String piece : text.split(",", -1)) {
            String trimmed = piece.strip();
            if (trimmed.equals("all")) {
                set.set(0, Topology.MAX_PCPUS);
                continue;
            }
            Matcher m = PIECE.matcher(trimmed);
            int first = m.matches() ? Integer.parseInt(m.group(2)) : -1;
            int last = first < 0 || m.group(3) == null ? first : Integer.parseInt(m.group(3));
            if (first < 0 || last < first || last >= Topology.MAX_PCPUS) {
                throw new InputException("'" + text + "' is no list of pCPUs; write it as 0-3,6 or 0-7,^2 or all");
            }
            set.set(first, last + 1, m.group(1).isEmpty());
        }
        if (set.isEmpty()) {
            throw new InputException("'" + text + "' names no pCPU");
        }
        return CpuSet.of(set);
    }
}
