package org.xenolith.hypervisor;

/**
 * Hypercall {@code physdev_op}, for domains without devices: what needs one, or needs to be dom0, is refused. After
 * {@code arch/x86/physdev.c} of Xen 4.17. A hardware-virtualised domain has none of it.
 */
final class PhysdevOp implements Hypercall {
    private static final int IRQ_STATUS_QUERY = 5;
    private static final int SET_IOPL = 6;
    private static final int SET_IOBITMAP = 7;
    private static final int APIC_READ = 8;
    private static final int APIC_WRITE = 9;
    private static final int ALLOC_IRQ_VECTOR = 10;
    private static final int EOI = 12;
    private static final int MAP_PIRQ = 13;
    private static final int UNMAP_PIRQ = 14;
    private static final int MANAGE_PCI_ADD = 15;
    private static final int MANAGE_PCI_REMOVE = 16;
    private static final int PIRQ_EOI_GMFN_V1 = 17;
    private static final int MANAGE_PCI_ADD_EXT = 20;
    private static final int SETUP_GSI = 21;
    private static final int GET_FREE_PIRQ = 23;
    private static final int PCI_MMCFG_RESERVED = 24;
    private static final int PCI_DEVICE_ADD = 25;
    private static final int PCI_DEVICE_REMOVE = 26;
    private static final int RESTORE_MSI_EXT = 27;
    private static final int PIRQ_EOI_GMFN_V2 = 28;
    private static final int DBGP_OP = 29;
    private static final int PREPARE_MSIX = 30;
    private static final int RELEASE_MSIX = 31;

    private static final int PIRQS = 256;
    private static final int NEEDS_EOI = 1;
    private static final int PORTS = 65536;

    private final GuestStruct args = new GuestStruct(32);

    @Override
    public long call(Vcpu caller, long[] arg) {
        long pointer = arg[1];
        if (caller.domain().type() != Domain.Type.PV) {
            return Abi.ENOSYS;
        }
        return switch ((int) arg[0]) {
            case IRQ_STATUS_QUERY -> irqStatus(caller, pointer);
            case SET_IOPL -> setIopl(caller, pointer);
            case SET_IOBITMAP -> setIoBitmap(caller, pointer);
            case EOI -> args.fetch(caller, pointer, 4) ? Abi.EINVAL : Abi.EFAULT; // it has no interrupts of devices
            case UNMAP_PIRQ -> args.fetch(caller, pointer, 8) ? Abi.EINVAL : Abi.EFAULT;
            case PIRQ_EOI_GMFN_V1, PIRQ_EOI_GMFN_V2 -> pirqEoi(caller, pointer);
            case MAP_PIRQ, GET_FREE_PIRQ, APIC_READ, APIC_WRITE, ALLOC_IRQ_VECTOR -> refuse(caller, pointer);
            case MANAGE_PCI_ADD, MANAGE_PCI_REMOVE, MANAGE_PCI_ADD_EXT, SETUP_GSI -> refuse(caller, pointer);
            case PCI_MMCFG_RESERVED, PCI_DEVICE_ADD, PCI_DEVICE_REMOVE, RESTORE_MSI_EXT -> refuse(caller, pointer);
            case DBGP_OP, PREPARE_MSIX, RELEASE_MSIX -> refuse(caller, pointer);
            default -> Abi.ENOSYS;
        };
    }

    private long refuse(Vcpu caller, long pointer) {
        return args.fetch(caller, pointer, 4) ? Abi.EPERM : Abi.EFAULT;
    }

    private long irqStatus(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 8)) {
            return Abi.EFAULT;
        }
        if (args.int32(0) < 0 || args.int32(0) >= PIRQS) {
            return Abi.EINVAL;
        }
        args.put32(4, NEEDS_EOI);
        return args.store(caller, pointer, 8) ? 0 : Abi.EFAULT;
    }

    private long setIopl(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 4)) {
            return Abi.EFAULT;
        }
        int level = args.int32(0);
        if (level < 0 || level > 3) {
            return Abi.EINVAL;
        }
        caller.arch.setIopl(level);
        return 0;
    }

    private long setIoBitmap(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 16)) {
            return Abi.EFAULT;
        }
        if (Integer.compareUnsigned(args.int32(8), PORTS) > 0) {
            return Abi.EINVAL;
        }
        if (caller.arch instanceof PvArch arch) {
            arch.portBitmap = args.int64(0);
            arch.portBitmapSize = args.int32(8);
        }
        return 0;
    }

    /** The page in which the hypervisor would say which interrupts of devices want an end: there are none, so it stays as it is. */
    private long pirqEoi(Vcpu caller, long pointer) {
        if (!args.fetch(caller, pointer, 8)) {
            return Abi.EFAULT;
        }
        Domain domain = caller.domain();
        if (domain.pirqEoiFrame >= 0) {
            return Abi.EBUSY;
        }
        int mfn = GuestFrames.hold(domain, args.int64(0));
        if (mfn < 0) {
            return Abi.EINVAL;
        }
        domain.pirqEoiFrame = mfn;
        return 0;
    }
}
