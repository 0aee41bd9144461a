package org.xenolith.hypervisor;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Several {@link DomainParameter}s. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface DomainParameters {
    /** Them, in the order in which they stand. */
    DomainParameter[] value();
}
