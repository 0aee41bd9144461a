package org.xenolith.scheduler.kit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AddLifecycleHook;

/**
 * A property of {@link SchedulerContract}, which leaves the smallest scenario that breaks it. Its scenarios are always the same, so
 * that a build fails because of a change and not by chance.
 */
@Property(seed = "42", shrinking = ShrinkingMode.BOUNDED)
@AddLifecycleHook(KitFailures.class)
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@interface Promise {}
