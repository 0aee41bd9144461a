package org.xenolith.hypervisor;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Names a policy for lists, scenarios and the command line. Without it a policy goes by its class's simple name. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Policy {
    /** Name on the command line, as Xen names it where Xen has it. */
    String name();

    /** What it is, in a line. */
    String title();

    /** Where the algorithm comes from: a paper, or a version of Xen. */
    String source();
}
