package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.hypervisor.BootedCalls.AT;

import java.nio.charset.StandardCharsets;
import net.jqwik.api.Example;

/** xen_version, vm_assist, hvm_op, multicall, physdev_op and what is refused. */
class GuestQuestionsTest {
    private static final int WILD = 0x40000000;
    private final BootedCalls pvh = new BootedCalls(Domain.Type.PVH);
    private final BootedCalls pv = new BootedCalls(Domain.Type.PV);

    private static String text(BootedCalls calls, int length) {
        byte[] bytes = new byte[length];
        calls.vcpu.memory().read(AT, bytes, length);
        return new String(bytes, StandardCharsets.US_ASCII).trim();
    }

    private static int features(BootedCalls calls) {
        calls.put32(calls.domain, AT, 0);
        assertThat(calls.call(Abi.HYPERVISOR_XEN_VERSION, 6, AT)).isZero();
        return calls.get32(calls.domain, AT + 4);
    }

    @Example
    void saysWhichXenItIs() {
        assertThat(pvh.call(Abi.HYPERVISOR_XEN_VERSION, 0)).isEqualTo(4 << 16 | 17);
        assertThat(pvh.call(Abi.HYPERVISOR_XEN_VERSION, 1, AT)).isZero();
        assertThat(text(pvh, 16)).isEqualTo(".7");
        assertThat(pvh.call(Abi.HYPERVISOR_XEN_VERSION, 2, AT)).isZero();
        assertThat(pvh.call(Abi.HYPERVISOR_XEN_VERSION, 3, AT)).isZero();
        assertThat(text(pvh, 1024)).startsWith("xen-3.0-x86_64 hvm-3.0-x86_32");
        assertThat(pvh.call(Abi.HYPERVISOR_XEN_VERSION, 5, AT)).isZero();
        assertThat(pvh.get64(pvh.domain, AT)).isEqualTo(0xffff800000000000L);
        assertThat(pvh.call(Abi.HYPERVISOR_XEN_VERSION, 7, 0)).isEqualTo(4096);
        assertThat(pvh.call(Abi.HYPERVISOR_XEN_VERSION, 7, AT)).isEqualTo(Abi.EINVAL);
        assertThat(pvh.call(Abi.HYPERVISOR_XEN_VERSION, 9, AT)).isZero();
        assertThat(text(pvh, 9)).isEqualTo("<denied>");
        assertThat(pvh.call(Abi.HYPERVISOR_XEN_VERSION, 10, AT)).isEqualTo(Abi.EPERM);
        assertThat(pvh.call(Abi.HYPERVISOR_XEN_VERSION, 11, AT)).isEqualTo(Abi.ENOSYS);
        assertThat(pvh.call(Abi.HYPERVISOR_XEN_VERSION, 1, WILD)).isEqualTo(Abi.EFAULT);
    }

    @Example
    void offersTheFeaturesOfItsKind() {
        assertThat(features(pvh)).isEqualTo(1 | 1 << 2 | 1 << 8 | 1 << 9 | 1 << 13 | 1 << 16);
        assertThat(features(pv)).isEqualTo(1 << 5 | 1 << 6 | 1 << 7 | 1 << 13 | 1 << 16);
        assertThat(pv.call(Abi.HYPERVISOR_VM_ASSIST, 0, 3)).isZero();
        assertThat(features(pv) & 1 << 4).isNotZero();
        pv.put32(pv.domain, AT, 1);
        assertThat(pv.call(Abi.HYPERVISOR_XEN_VERSION, 6, AT)).isEqualTo(Abi.EINVAL);
    }

    @Example
    void assistsAreThoseOfItsKind() {
        assertThat(pvh.call(Abi.HYPERVISOR_VM_ASSIST, 0, 5)).isZero();
        assertThat(pvh.domain.assisted(5)).isTrue();
        assertThat(pvh.call(Abi.HYPERVISOR_VM_ASSIST, 1, 5)).isZero();
        assertThat(pvh.domain.assisted(5)).isFalse();
        assertThat(pvh.call(Abi.HYPERVISOR_VM_ASSIST, 0, 2)).isEqualTo(Abi.EINVAL);
        assertThat(pvh.call(Abi.HYPERVISOR_VM_ASSIST, 2, 5)).isEqualTo(Abi.ENOSYS);
        assertThat(pv.call(Abi.HYPERVISOR_VM_ASSIST, 0, 32)).isZero();
        assertThat(pv.call(Abi.HYPERVISOR_VM_ASSIST, 0, 64)).isEqualTo(Abi.EINVAL);
        assertThat(pv.call(Abi.HYPERVISOR_VM_ASSIST, 0, -1)).isEqualTo(Abi.EINVAL);
    }

    private long param(BootedCalls calls, int op, int domain, int index, long value) {
        calls.put16(calls.domain, AT, domain);
        calls.put32(calls.domain, AT + 4, index);
        calls.put64(calls.domain, AT + 8, value);
        return calls.call(Abi.HYPERVISOR_HVM_OP, op, AT);
    }

    @Example
    void parametersFollowXensRules() {
        pvh.domain.hvmParams().set(HvmParams.CONSOLE_PFN, 0xfeffc);
        assertThat(param(pvh, 1, Abi.DOMID_SELF, HvmParams.CONSOLE_PFN, 0)).isZero();
        assertThat(pvh.get64(pvh.domain, AT + 8)).isEqualTo(0xfeffc);
        assertThat(param(pvh, 0, 1, HvmParams.CALLBACK_IRQ, 2L << 56 | 0xf3)).isZero();
        assertThat(pvh.domain.hvmParams().get(HvmParams.CALLBACK_IRQ)).isEqualTo(2L << 56 | 0xf3);
        assertThat(param(pvh, 0, 1, HvmParams.CONSOLE_PFN, 5)).isEqualTo(Abi.EPERM);
        assertThat(param(pvh, 1, 1, HvmParams.IDENT_PT, 5)).isEqualTo(Abi.EPERM);
        assertThat(param(pvh, 1, 1, 13, 0)).isEqualTo(Abi.ENODATA);
        assertThat(param(pvh, 0, 1, 13, 0)).isEqualTo(Abi.EPERM);
        assertThat(param(pvh, 0, 1, 36, 5)).isEqualTo(Abi.EINVAL);
        assertThat(param(pvh, 1, 1, 39, 0)).isEqualTo(Abi.EINVAL);
        assertThat(param(pvh, 1, 1, -1, 0)).isEqualTo(Abi.EINVAL);
        assertThat(param(pvh, 1, 2, 17, 0)).isEqualTo(Abi.EPERM);
        assertThat(param(pvh, 1, 55, 17, 0)).isEqualTo(Abi.ESRCH);
        assertThat(param(pv, 1, 1, 17, 0)).isEqualTo(Abi.EINVAL);
        assertThat(pvh.call(Abi.HYPERVISOR_HVM_OP, 1, WILD)).isEqualTo(Abi.EFAULT);
    }

    @Example
    void otherHvmOperationsAnswerAsXen() {
        pvh.put16(pvh.domain, AT, Abi.DOMID_SELF);
        pvh.put64(pvh.domain, AT + 8, 3);
        assertThat(pvh.call(Abi.HYPERVISOR_HVM_OP, 9, AT)).isEqualTo(Abi.EINVAL);
        assertThat(pvh.call(Abi.HYPERVISOR_HVM_OP, 15, AT)).isZero();
        assertThat(pvh.get16(pvh.domain, AT + 2)).isZero();
        pvh.put64(pvh.domain, AT + 8, 1000);
        assertThat(pvh.call(Abi.HYPERVISOR_HVM_OP, 15, AT)).isZero();
        assertThat(pvh.get16(pvh.domain, AT + 2)).isEqualTo(2);
        assertThat(pvh.call(Abi.HYPERVISOR_HVM_OP, 5, 0)).isZero();
        assertThat(pvh.call(Abi.HYPERVISOR_HVM_OP, 5, AT)).isEqualTo(Abi.EINVAL);
        assertThat(pvh.call(Abi.HYPERVISOR_HVM_OP, 25, AT)).isEqualTo(Abi.EOPNOTSUPP);
        assertThat(pvh.call(Abi.HYPERVISOR_HVM_OP, 77, AT)).isEqualTo(Abi.ENOSYS);
        pvh.put32(pvh.domain, AT, 1);
        pvh.put32(pvh.domain, AT + 4, 0xf3);
        assertThat(pvh.call(Abi.HYPERVISOR_HVM_OP, 23, AT)).isZero();
        pvh.put32(pvh.domain, AT, 2);
        assertThat(pvh.call(Abi.HYPERVISOR_HVM_OP, 23, AT)).isEqualTo(Abi.ENOENT);
        pvh.put32(pvh.domain, AT + 4, 0xf);
        assertThat(pvh.call(Abi.HYPERVISOR_HVM_OP, 23, AT)).isEqualTo(Abi.EINVAL);
    }

    @Example
    void aMulticallAnswersEachCall() {
        long[][] calls = {{Abi.HYPERVISOR_XEN_VERSION, 0, 0}, {999, 0, 0}, {Abi.HYPERVISOR_MULTICALL, AT, 1}};
        for (int i = 0; i < calls.length; i++) {
            pvh.put64(pvh.domain, AT + 64L * i, calls[i][0]);
            pvh.put64(pvh.domain, AT + 64L * i + 16, calls[i][1]);
            pvh.put64(pvh.domain, AT + 64L * i + 24, calls[i][2]);
        }
        assertThat(pvh.call(Abi.HYPERVISOR_MULTICALL, AT, 3)).isZero();
        assertThat(pvh.get64(pvh.domain, AT + 8)).isEqualTo(4 << 16 | 17);
        assertThat(pvh.get64(pvh.domain, AT + 72)).isEqualTo(Abi.ENOSYS);
        assertThat(pvh.get64(pvh.domain, AT + 136)).isEqualTo(Abi.EINVAL);
        assertThat(pvh.call(Abi.HYPERVISOR_MULTICALL, WILD, 1)).isEqualTo(Abi.EFAULT);
        assertThat(pvh.call(Abi.HYPERVISOR_MULTICALL, WILD, 0)).isZero();
    }

    @Example
    void devicesAndTheMachineAreDom0s() {
        assertThat(pvh.call(Abi.HYPERVISOR_PHYSDEV_OP, 6, AT)).isEqualTo(Abi.ENOSYS);
        pv.put32(pv.domain, AT, 3);
        assertThat(pv.call(Abi.HYPERVISOR_PHYSDEV_OP, 6, AT)).isZero();
        pv.put32(pv.domain, AT, 4);
        assertThat(pv.call(Abi.HYPERVISOR_PHYSDEV_OP, 6, AT)).isEqualTo(Abi.EINVAL);
        assertThat(pv.call(Abi.HYPERVISOR_PHYSDEV_OP, 25, AT)).isEqualTo(Abi.EPERM);
        assertThat(pv.call(Abi.HYPERVISOR_PHYSDEV_OP, 99, AT)).isEqualTo(Abi.ENOSYS);
        pv.put64(pv.domain, AT, pv.domain.physmap().mfn(7));
        assertThat(pv.call(Abi.HYPERVISOR_PHYSDEV_OP, 28, AT)).isZero();
        assertThat(pv.call(Abi.HYPERVISOR_PHYSDEV_OP, 28, AT)).isEqualTo(Abi.EBUSY);
        assertThat(pv.call(Abi.HYPERVISOR_CONSOLE_IO, 0, 5, AT)).isEqualTo(Abi.EPERM);
        assertThat(pv.call(Abi.HYPERVISOR_XENPMU_OP, 2, AT)).isEqualTo(Abi.EOPNOTSUPP);
        pv.put32(pv.domain, AT + 4, 0x03000000);
        assertThat(pv.call(Abi.HYPERVISOR_PLATFORM_OP, AT)).isEqualTo(Abi.EPERM);
        pv.put32(pv.domain, AT + 4, 1);
        assertThat(pv.call(Abi.HYPERVISOR_PLATFORM_OP, AT)).isEqualTo(Abi.EACCES);
        assertThat(pv.call(Abi.HYPERVISOR_DM_OP, 99)).isEqualTo(Abi.ESRCH);
        assertThat(pv.call(Abi.HYPERVISOR_DM_OP, 2)).isEqualTo(Abi.EPERM);
    }
}
