package org.xenolith.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.xenolith.hypervisor.ScriptedGuest.call;

import net.jqwik.api.Example;
import org.xenolith.machine.LittleEndian;

class HypercallsTest {
    private static final int EVTCHN = Abi.HYPERVISOR_EVENT_CHANNEL_OP;
    private static final long END = 1_000_000;

    private static ScriptedGuest runAlone(ScriptedGuest.Call... script) {
        ScriptedGuest guest = new ScriptedGuest(script);
        Hypervisor hypervisor = Machines.flat(1, "zero", new Fifo(), null);
        Machines.domain(hypervisor, 1, guest);
        hypervisor.run(END);
        return guest;
    }

    @Example
    void answersAsXenDoesToWhatIsNotThere() {
        ScriptedGuest guest = runAlone(
                call(999, 0),
                call(Abi.HYPERVISOR_SCHED_OP, 77),
                call(EVTCHN, 99),
                call(EVTCHN, Abi.EVTCHNOP_SEND, 5),
                call(EVTCHN, Abi.EVTCHNOP_SEND, -1),
                call(EVTCHN, Abi.EVTCHNOP_SEND, 1 << 20),
                call(EVTCHN, Abi.EVTCHNOP_BIND_VIRQ, 99, 0, 0),
                call(EVTCHN, Abi.EVTCHNOP_BIND_VIRQ, 0, 9, 0),
                call(EVTCHN, Abi.EVTCHNOP_BIND_INTERDOMAIN, 7, 1, 0),
                new ScriptedGuest.Call(EVTCHN, Abi.EVTCHNOP_SEND, new byte[4], 1L << 40),
                new ScriptedGuest.Call(EVTCHN, Abi.EVTCHNOP_SEND, new byte[4], -4L),
                call(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_SHUTDOWN, 99));
        assertThat(guest.results)
                .containsExactly(
                        Abi.ENOSYS,
                        Abi.ENOSYS,
                        Abi.ENOSYS,
                        Abi.EINVAL,
                        Abi.EINVAL,
                        Abi.EINVAL,
                        Abi.EINVAL,
                        Abi.ENOENT,
                        Abi.ESRCH,
                        Abi.EFAULT,
                        Abi.EFAULT,
                        Abi.EINVAL);
    }

    @Example
    void aVirqIsBoundOnce() {
        ScriptedGuest guest = runAlone(
                call(EVTCHN, Abi.EVTCHNOP_BIND_VIRQ, Abi.VIRQ_TIMER, 0, 0),
                call(EVTCHN, Abi.EVTCHNOP_BIND_VIRQ, Abi.VIRQ_TIMER, 0, 0),
                call(EVTCHN, Abi.EVTCHNOP_CLOSE, 1),
                call(EVTCHN, Abi.EVTCHNOP_BIND_VIRQ, Abi.VIRQ_TIMER, 0, 0));
        assertThat(guest.results).containsExactly(0L, Abi.EEXIST, 0L, 0L);
        assertThat(guest.port(0, 8)).isEqualTo(1);
        assertThat(guest.port(3, 8)).isEqualTo(1);
    }

    @Example
    void aSingleshotTimerFiresOnceAtItsTimeAndNotBefore() {
        ScriptedGuest guest = runAlone(
                call(EVTCHN, Abi.EVTCHNOP_BIND_VIRQ, Abi.VIRQ_TIMER, 0, 0),
                call(Abi.HYPERVISOR_VCPU_OP, Abi.VCPUOP_SET_SINGLESHOT_TIMER, 50_000, 0, 0, 0),
                call(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_BLOCK),
                call(Abi.HYPERVISOR_VCPU_OP, Abi.VCPUOP_SET_SINGLESHOT_TIMER, 60, 0, Abi.VCPU_SSHOTTMR_FUTURE, 0));
        assertThat(guest.upcallTimes).containsExactly(50_000L);
        assertThat(guest.results).containsExactly(0L, 0L, 0L, Abi.ETIME);
    }

    @Example
    void aStoppedTimerDoesNotFire() {
        ScriptedGuest guest = runAlone(
                call(EVTCHN, Abi.EVTCHNOP_BIND_VIRQ, Abi.VIRQ_TIMER, 0, 0),
                call(Abi.HYPERVISOR_VCPU_OP, Abi.VCPUOP_SET_SINGLESHOT_TIMER, 50_000, 0, 0, 0),
                call(Abi.HYPERVISOR_VCPU_OP, Abi.VCPUOP_STOP_SINGLESHOT_TIMER),
                call(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_BLOCK));
        assertThat(guest.upcallTimes).isEmpty();
        assertThat(guest.results).hasSize(4); // blocks for ever, with the call answered when it was made
    }

    @Example
    void eventsBetweenDomainsWakeTheOtherEnd() {
        ScriptedGuest server = new ScriptedGuest(
                call(EVTCHN, Abi.EVTCHNOP_ALLOC_UNBOUND, Abi.DOMID_SELF | 2 << 16, 0),
                call(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_BLOCK));
        ScriptedGuest client = new ScriptedGuest(
                call(EVTCHN, Abi.EVTCHNOP_BIND_INTERDOMAIN, 1, 1, 0), call(EVTCHN, Abi.EVTCHNOP_SEND, 1));
        Hypervisor hypervisor = Machines.flat(1, "zero", new Fifo(), null);
        Machines.domain(hypervisor, 1, server);
        Machines.domain(hypervisor, 2, client);
        hypervisor.run(2 * END);
        assertThat(server.results).containsExactly(0L, 0L);
        assertThat(client.results).containsExactly(0L, 0L);
        // The server blocks at 20, when the client's slice begins; at its end the server is there for the event of 40.
        assertThat(server.upcallTimes).containsExactly(20 + Fifo.SLICE_NANOS);
        // The new end of a channel starts pending, so the client is told too; its upcalls are masked from birth.
        assertThat(client.upcallTimes).isEmpty();
        assertThat(client.port.sharedInfo().isPending(1)).isTrue();
    }

    @Example
    void onlyTheDomainItIsMeantForBindsAPort() {
        ScriptedGuest server = new ScriptedGuest(call(EVTCHN, Abi.EVTCHNOP_ALLOC_UNBOUND, Abi.DOMID_SELF | 3 << 16, 0));
        ScriptedGuest thief = new ScriptedGuest(call(EVTCHN, Abi.EVTCHNOP_BIND_INTERDOMAIN, 1, 1, 0));
        Hypervisor hypervisor = Machines.flat(2, "zero", new Fifo(), null);
        Machines.domain(hypervisor, 1, server);
        Machines.domain(hypervisor, 2, thief);
        hypervisor.run(END);
        assertThat(thief.results).containsExactly(Abi.EINVAL);
    }

    @Example
    void aMaskedPortNotifiesWhenUnmasked() {
        ScriptedGuest guest = new ScriptedGuest(
                call(EVTCHN, Abi.EVTCHNOP_BIND_IPI, 0, 0),
                call(EVTCHN, Abi.EVTCHNOP_SEND, 1),
                call(EVTCHN, Abi.EVTCHNOP_UNMASK, 1));
        Hypervisor hypervisor = Machines.flat(1, "zero", new Fifo(), null);
        Domain domain = Machines.domain(hypervisor, 1, guest);
        domain.sharedInfo().setUpcallMask(0, false);
        domain.sharedInfo().mask(1);
        hypervisor.run(25);
        assertThat(guest.upcallTimes).isEmpty();
        assertThat(domain.sharedInfo().isPending(1)).isTrue();
        hypervisor.run(END);
        assertThat(guest.upcallTimes).containsExactly(30L);
    }

    @Example
    void pollWaitsForItsPortOrItsTime() {
        byte[] poll = new byte[28];
        LittleEndian.put64(poll, 0, 24L); // the ports follow the structure
        LittleEndian.put32(poll, 8, 1);
        LittleEndian.put64(poll, 16, 70_000L);
        LittleEndian.put32(poll, 24, 1);
        ScriptedGuest guest = runAlone(
                call(EVTCHN, Abi.EVTCHNOP_BIND_IPI, 0, 0),
                new ScriptedGuest.Call(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_POLL, poll),
                call(EVTCHN, Abi.EVTCHNOP_SEND, 1),
                new ScriptedGuest.Call(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_POLL, poll),
                call(EVTCHN, Abi.EVTCHNOP_BIND_IPI, 0, 0));
        assertThat(guest.results).containsExactly(0L, 0L, 0L, 0L, 0L);
        assertThat(guest.port(4, 4)).isEqualTo(2);
    }

    @Example
    void shutdownEndsTheDomainAndNoOther() {
        ScriptedGuest dying =
                new ScriptedGuest(call(Abi.HYPERVISOR_SCHED_OP, Abi.SCHEDOP_SHUTDOWN, Abi.SHUTDOWN_CRASH));
        ScriptedGuest living = new ScriptedGuest();
        Hypervisor hypervisor = Machines.flat(1, "zero", new Fifo(), null);
        Domain dead = Machines.domain(hypervisor, 1, dying);
        Domain alive = Machines.domain(hypervisor, 2, living);
        hypervisor.run(END);
        assertThat(dead.shutdownReason()).isEqualTo(Abi.SHUTDOWN_CRASH);
        assertThat(dead.vcpus().get(0).runstate()).isEqualTo(Runstate.OFFLINE);
        assertThat(dead.vcpus().get(0).cyclesIn(Runstate.RUNNING)).isEqualTo(10);
        assertThat(alive.vcpus().get(0).cyclesIn(Runstate.RUNNING)).isEqualTo(END - 10);
    }
}
