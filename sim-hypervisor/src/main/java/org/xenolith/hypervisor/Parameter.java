package org.xenolith.hypervisor;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A parameter of a scheduler: a field of type {@code long}, {@code int}, {@code boolean}, {@code String} or an enum, not
 * final, whose initial value is the default.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
public @interface Parameter {
    /** Name in scenarios and on the command line, as Xen spells it where Xen has it. */
    String name();

    /** Unit of the value, such as {@code us}; empty for a plain number or choice. */
    String unit() default "";

    /** Lowest value of a number. */
    long min() default 0;

    /** Highest value of a number. */
    long max() default Long.MAX_VALUE;

    /** Whether it may be changed while the scheduler runs, which hears of it by {@link Scheduler#reconfigured}. */
    boolean changeable() default false;

    /** What it does, in a line. */
    String help();
}
