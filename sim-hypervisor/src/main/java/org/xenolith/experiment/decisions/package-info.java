/**
 * Decision replay: our model of a scheduler of Xen, fed with the instants of a recording, is asked at every recorded decision
 * what it would do, and its answer is held against what Xen did.
 */
package org.xenolith.experiment.decisions;
