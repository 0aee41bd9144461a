package org.xenolith.hypervisor;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Hypercall {@code xen_version}: which Xen this is. It says what the Xen of the recorded boots said. */
final class XenVersion implements Hypercall {
    static final int MAJOR = 4;
    static final int MINOR = 17;

    private static final int VERSION = 0;
    private static final int EXTRAVERSION = 1;
    private static final int COMPILE_INFO = 2;
    private static final int CAPABILITIES = 3;
    private static final int CHANGESET = 4;
    private static final int PLATFORM_PARAMETERS = 5;
    private static final int GET_FEATURES = 6;
    private static final int PAGESIZE = 7;
    private static final int GUEST_HANDLE = 8;
    private static final int COMMANDLINE = 9;
    private static final int BUILD_ID = 10;

    private static final int WRITABLE_PAGE_TABLES = 1;
    private static final int AUTO_TRANSLATED_PHYSMAP = 1 << 2;
    private static final int PAE_PGDIR_ABOVE_4GB = 1 << 4;
    private static final int MMU_PT_UPDATE_PRESERVE_AD = 1 << 5;
    private static final int HIGHMEM_ASSIST = 1 << 6;
    private static final int GNTTAB_MAP_AVAIL_BITS = 1 << 7;
    private static final int HVM_CALLBACK_VECTOR = 1 << 8;
    private static final int HVM_SAFE_PVCLOCK = 1 << 9;
    private static final int DOM0 = 1 << 11;
    private static final int MEMORY_OP_VNODE_SUPPORTED = 1 << 13;
    private static final int NOT_DIRECT_MAPPED = 1 << 16;

    /** Where a 64-bit PV guest's part of the address space that is Xen's begins. */
    private static final long VIRT_START = 0xffff8000_00000000L;

    private static final int PAGE = 4096;

    private final GuestStruct args = new GuestStruct(1024);

    @Override
    public long call(Vcpu caller, long[] arg) {
        long pointer = arg[1];
        return switch ((int) arg[0]) {
            case VERSION -> MAJOR << 16 | MINOR;
            case EXTRAVERSION -> text(caller, pointer, 16, ".7");
            case COMPILE_INFO -> compileInfo(caller, pointer);
            case CAPABILITIES ->
                text(caller, pointer, 1024, "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ");
            case CHANGESET -> text(caller, pointer, 64, "unavailable");
            case PLATFORM_PARAMETERS -> {
                args.put64(0, VIRT_START);
                yield stored(caller, pointer, 8);
            }
            case GET_FEATURES -> features(caller, pointer);
            case PAGESIZE -> pointer == 0 ? PAGE : Abi.EINVAL;
            case GUEST_HANDLE -> text(caller, pointer, 16, "");
            case COMMANDLINE -> text(caller, pointer, "<denied>".length() + 1, "<denied>");
            case BUILD_ID -> Abi.EPERM;
            default -> Abi.ENOSYS;
        };
    }

    /** Writes {@code value} and zeroes, {@code length} bytes in all. */
    private long text(Vcpu caller, long pointer, int length, String value) {
        Arrays.fill(args.bytes(), 0, length, (byte) 0);
        put(0, value);
        return stored(caller, pointer, length);
    }

    private void put(int at, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, args.bytes(), at, bytes.length);
    }

    private long compileInfo(Vcpu caller, long pointer) {
        Arrays.fill(args.bytes(), 0, 144, (byte) 0);
        put(0, "javac"); // compiler, then by whom, where and when
        put(64, "xenolith");
        put(80, "xenolith.org");
        put(112, "Mon Jan  1 00:00:00 UTC 2024");
        return stored(caller, pointer, 144);
    }

    private long stored(Vcpu caller, long pointer, int length) {
        return args.store(caller, pointer, length) ? 0 : Abi.EFAULT;
    }

    private long features(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 8)) {
            return Abi.EFAULT;
        }
        if (args.int32(0) != 0) {
            return Abi.EINVAL;
        }
        args.put32(4, features(caller.domain()));
        return stored(caller, pointer, 8);
    }

    private static int features(Domain domain) {
        int features = MEMORY_OP_VNODE_SUPPORTED | NOT_DIRECT_MAPPED;
        if (domain.assisted(VmAssist.PAE_EXTENDED_CR3)) {
            features |= PAE_PGDIR_ABOVE_4GB;
        }
        if (domain.id() == 0) {
            features |= DOM0;
        }
        return features
                | switch (domain.type()) {
                    case PV -> MMU_PT_UPDATE_PRESERVE_AD | HIGHMEM_ASSIST | GNTTAB_MAP_AVAIL_BITS;
                    case PVH -> WRITABLE_PAGE_TABLES | AUTO_TRANSLATED_PHYSMAP | HVM_CALLBACK_VECTOR | HVM_SAFE_PVCLOCK;
                };
    }
}
