package org.xenolith.toolstack;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.xenolith.engine.InputException;
import org.xenolith.machine.LittleEndian;

/** What a kernel says of itself to a domain builder, in ELF notes of owner {@code Xen}. Numbers: Xen's {@code public/elfnote.h}. */
final class XenNotes {
    private static final String OWNER = "Xen";
    private static final int ENTRY = 1;
    private static final int VIRT_BASE = 3;
    private static final int PADDR_OFFSET = 4;
    private static final int GUEST_OS = 6;
    private static final int FEATURES = 10;
    private static final int INIT_P2M = 15;
    private static final int MOD_START_PFN = 16;
    private static final int PHYS32_ENTRY = 18;

    private final ElfFile elf;
    private final String name;

    /** The note of each type; where there are several, the last. Only looked up, never walked. */
    private final Map<Integer, ElfFile.Note> notes = new HashMap<>();

    /**
     * The notes of {@code elf}.
     *
     * @param name its name in refusals
     * @throws InputException if it has none of Xen's
     */
    XenNotes(ElfFile elf, String name) {
        this.elf = elf;
        this.name = name;
        for (ElfFile.Note note : elf.notes()) {
            if (note.owner().equals(OWNER)) {
                notes.put(note.type(), note);
            }
        }
        if (notes.isEmpty()) {
            throw new InputException(
                    name + ": has no Xen notes, so it cannot start as a Xen guest; give a Linux built with"
                            + " CONFIG_XEN_PVH=y or CONFIG_XEN_PV=y, as distributions' kernels are");
        }
    }

    /** Where a PV guest starts, a linear address. */
    OptionalLong entry() {
        return number(ENTRY);
    }

    /** Where a PVH guest starts in 32-bit protected mode, a physical address. */
    OptionalLong phys32Entry() {
        return number(PHYS32_ENTRY);
    }

    /** Linear address at which a PV guest has its first physical byte. */
    long virtBase() {
        return number(VIRT_BASE).orElse(0);
    }

    /** What the file's physical addresses have on top of those of the guest. */
    long paddrOffset() {
        return number(PADDR_OFFSET).orElse(0);
    }

    /** Linear address where a PV guest wants its p2m list, if it minds. */
    OptionalLong initP2m() {
        return number(INIT_P2M);
    }

    /** Whether a PV guest takes an initrd by its first frame, outside what is mapped at the start. */
    boolean modStartPfn() {
        return number(MOD_START_PFN).orElse(0) != 0;
    }

    /** What the guest calls itself, such as {@code linux}; empty if it does not say. */
    String guestOs() {
        return text(GUEST_OS);
    }

    /** Features of the hypervisor that it wants, separated by bars; one it does not want has an exclamation mark. */
    String features() {
        return text(FEATURES);
    }

    private String text(int type) {
        ElfFile.Note note = notes.get(type);
        return note == null ? "" : elf.text(note.offset(), note.size());
    }

    /** A number of 4 bytes or of 8. */
    private OptionalLong number(int type) {
        ElfFile.Note note = notes.get(type);
        if (note == null) {
            return OptionalLong.empty();
        }
        return switch (note.size()) {
            case 4 -> OptionalLong.of(LittleEndian.get32(elf.bytes(), note.offset()) & 0xffffffffL);
            case 8 -> OptionalLong.of(LittleEndian.get64(elf.bytes(), note.offset()));
            default ->
                throw new InputException(name + ": Xen note " + type + " is a number of " + note.size()
                        + " bytes, expected 4 or 8; get the file again");
        };
    }
}
