package org.xenolith.machine;

/** What a {@link CostProfile} gives a price, in cycles of the TSC. */
public enum Cost {
    INSTRUCTION("instruction", "one instruction of a booted guest; one cycle where the profile names none"),
    HYPERCALL_ENTRY("hypercallEntry", "from the guest's trap to the hypercall's handler, for a PV guest"),
    HYPERCALL_EXIT("hypercallExit", "from the handler's end back to the guest, for a PV guest"),
    VM_EXIT("vmExit", "leaving a hardware-virtualised guest"),
    VM_ENTRY("vmEntry", "entering a hardware-virtualised guest"),
    TIMER_INTERRUPT("timerInterrupt", "from a timer's expiry to its handler's work done"),
    TIMER_SLOP("timerSlop", "least distance of timer interrupts on a pCPU; Xen's timer_slop, nobody's work"),
    WAKE("wake", "making a blocked vCPU runnable and placing it on a runqueue"),
    SCHEDULE("schedule", "choosing whom to run, up to the change of runstates"),
    CONTEXT_SWITCH(
            "contextSwitch", "saving one vCPU's state and loading another's, up to the guest's first instruction"),
    CONTEXT_SWITCH_IDLE("contextSwitchIdle", "the same where one side is idle, which has no state to save"),
    IPI_SEND("ipiSend", "sending an interrupt to another pCPU"),
    IPI_DELIVERY("ipiDelivery", "until that interrupt arrives; nobody's work"),
    IPI_RECEIVE("ipiReceive", "taking such an interrupt"),
    EVENT_SEND("eventSend", "marking an event channel pending and notifying its vCPU"),
    EVENT_UPCALL("eventUpcall", "delivering the event upcall to the guest"),
    GRANT_MAP("grantMap", "mapping one grant"),
    GRANT_UNMAP("grantUnmap", "unmapping one grant"),
    GRANT_COPY("grantCopy", "copying to or from one grant"),
    REFILL_SWITCH("refillSwitch", "guest cycles lost to cold caches and TLB after another vCPU ran"),
    REFILL_MIGRATION("refillMigration", "guest cycles lost besides that after moving to another pCPU");

    private final String key;
    private final String meaning;

    Cost(String key, String meaning) {
        this.key = key;
        this.meaning = meaning;
    }

    /** Its key in a profile. */
    public String key() {
        return key;
    }

    /** What is measured. */
    public String meaning() {
        return meaning;
    }
}
