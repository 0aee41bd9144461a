package org.xenolith.device;

import java.util.Locale;
import org.xenolith.hypervisor.Domain;
import org.xenolith.hypervisor.EventChannels;
import org.xenolith.hypervisor.FrameTable;
import org.xenolith.hypervisor.Hypervisor;

/**
 * What dom0 does for one booted domain: its console, its conversation with the XenStore, and the nodes there that {@code xl} of Xen 4.17 makes
 * for a domain without devices.
 */
public final class DomainServices {
    /**
     * How long dom0 takes to answer, ns: on a recorded real boot of a PV domain beside dom0 on one pCPU, 63 to 80 us lie between its blocking for
     * an answer of xenstored and its waking.
     */
    public static final long ANSWER_NANOS = 65_000;

    private static final String ONLINE = "online";

    /**
     * Where a domain's two rings are: machine frames, and the guest's ends of their event channels, which wait for domain 0.
     *
     * @param storeFrame frame of the XenStore's ring
     * @param storePort its event channel
     * @param consoleFrame frame of the console's ring
     * @param consolePort its event channel
     */
    public record Rings(int storeFrame, int storePort, int consoleFrame, int consolePort) {}

    private final XenStore store;
    private final Domain domain;
    private final ConsoleBackend console;
    private final XenStoreConnection connection;
    private final String home;
    private final String uuid;
    private final String vm;
    private final String backend;

    /** Serves {@code domain}, whose memory is {@code memoryKibibytes} large, from now on; within {@link #ANSWER_NANOS}. */
    public DomainServices(Hypervisor hypervisor, XenStore store, Domain domain, Rings rings, int memoryKibibytes) {
        this(hypervisor, store, domain, rings, memoryKibibytes, ANSWER_NANOS);
    }

    DomainServices(
            Hypervisor hypervisor, XenStore store, Domain domain, Rings rings, int memoryKibibytes, long delayNanos) {
        this.store = store;
        this.domain = domain;
        this.home = StorePath.home(domain.id());
        this.uuid = String.format(Locale.ROOT, "00000000-0000-0000-0000-%012x", domain.id());
        this.vm = "/vm/" + uuid;
        this.backend = StorePath.home(XenStore.DOM0) + "/backend/console/" + domain.id() + "/0";
        writeNodes(hypervisor.frames(), rings, memoryKibibytes);
        EventChannels events = hypervisor.events();
        connection = new XenStoreConnection(
                store, hypervisor.frames().memory(), rings.storeFrame, events, domain, rings.storePort, delayNanos);
        domain.whenGone(this::removeNodes);
        this.console = new ConsoleBackend(
                hypervisor.frames().memory(), rings.consoleFrame, events, domain, rings.consolePort, delayNanos);
    }

    /** Its console. */
    public ConsoleBackend console() {
        return console;
    }

    /** Whether it and the XenStore still understand each other. */
    public boolean talksToStore() {
        return !connection.isBroken();
    }

    /** Asks the guest to shut down, as {@code xl shutdown} and {@code xl reboot} do: {@code poweroff}, {@code reboot} or {@code halt}. */
    public void ask(String how) {
        store.write(home + "/control/shutdown", how);
    }

    /** Takes the vCPU {@code number} from the guest or gives it back, as {@code xl vcpu-set}: the guest does it when it sees it. */
    public void setAvailable(int number, boolean available) {
        store.write(home + "/cpu/" + number + "/availability", available ? ONLINE : "offline");
    }

    private void writeNodes(FrameTable frames, Rings rings, int memoryKibibytes) {
        int id = domain.id();
        String none = "n0";
        String guestReads = "r" + id;
        String guestOwns = "n" + id;
        store.write(vm, "", none, guestReads);
        store.write(vm + "/name", domain.name(), none, guestReads);
        store.write(vm + "/uuid", uuid, none, guestReads);

        store.write(home, "", none, guestReads);
        write("vm", vm, none, guestReads);
        write("name", domain.name(), none, guestReads);
        for (int vcpu = 0; vcpu < domain.vcpus().size(); vcpu++) {
            write("cpu/" + vcpu + "/availability", ONLINE, none, guestReads);
        }
        write("memory/static-max", Integer.toString(memoryKibibytes), none, guestReads);
        write("memory/target", Integer.toString(memoryKibibytes), none, guestReads);
        write("memory/videoram", "-1", none, guestReads);
        write("device", "", none, guestReads);
        write("device/suspend/event-channel", "", guestOwns);
        write("control", "", none, guestReads);
        for (String node : new String[] {
            "shutdown", "feature-poweroff", "feature-reboot", "feature-suspend", "sysrq", "feature-s3", "feature-s4"
        }) {
            write("control/" + node, "", guestOwns);
        }
        write("control/platform-feature-multiprocessor-suspend", "1", none, guestReads);
        write("control/platform-feature-xs_reset_watches", "1", none, guestReads);
        for (String node : new String[] {"data", "drivers", "feature", "attr", "error"}) {
            write(node, "", guestOwns);
        }
        write("domid", Integer.toString(id), none, guestReads);
        write("store/port", Integer.toString(rings.storePort), none, guestReads);
        write("store/ring-ref", Integer.toString(guestFrame(frames, rings.storeFrame)), none, guestReads);

        write("console", "", none, guestReads);
        write("console/backend", backend, none, guestReads);
        write("console/backend-id", "0", none, guestReads);
        write("console/limit", "1048576", none, guestReads);
        write("console/type", "xenconsoled", none, guestReads);
        write("console/output", "pty", none, guestReads);
        write("console/port", Integer.toString(rings.consolePort), none, guestReads);
        write("console/ring-ref", Integer.toString(guestFrame(frames, rings.consoleFrame)), none, guestReads);
        store.write(backend, "", none, guestReads);
        store.write(backend + "/frontend", home + "/console", none, guestReads);
        store.write(backend + "/frontend-id", Integer.toString(id), none, guestReads);
        store.write(backend + "/online", "1", none, guestReads);
        store.write(backend + "/state", "1", none, guestReads);
        store.write(backend + "/protocol", "vt100", none, guestReads);
    }

    /** As {@code xl destroy} does. */
    private void removeNodes() {
        store.remove(home);
        store.remove(vm);
        store.remove(backend);
    }

    private void write(String node, String value, String... permissions) {
        store.write(home + "/" + node, value, permissions);
    }

    /** What the guest calls {@code frame}: a PV guest names machine frames. */
    private int guestFrame(FrameTable frames, int frame) {
        return domain.type() == Domain.Type.PV ? frame : frames.gfn(frame);
    }
}
