package org.xenolith.hypervisor;

import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What a policy, on whose class this stands, takes for each domain or each of its vCPUs beside weight and cap: a number that
 * {@link SchedUnit#parameter} reads.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@Repeatable(DomainParameters.class)
public @interface DomainParameter {
    /** Name in scenarios, as Xen spells it where Xen has it. */
    String name();

    /** Unit of the value, such as {@code us}; empty for a plain number. With {@link #max} 1 it is then a yes or no. */
    String unit() default "";

    /** Lowest value. */
    long min() default 0;

    /** Highest value. */
    long max() default Long.MAX_VALUE;

    /** What holds for a domain that says nothing. */
    long defaultValue() default 0;

    /** What it does, in a line. */
    String help();
}
