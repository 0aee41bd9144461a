package org.xenolith.hypervisor;

/** A scheduler that reserves time by parameters of its own, where others do by those of domains ({@link DomainParameter}). */
public interface Timetable {
    /** What its parameters reserve for a vCPU of the domain of that name; null if nothing. */
    Reservation reserved(String domain, int vcpu);
}
