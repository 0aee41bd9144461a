/** What dom0 serves to booted domains: the console and the XenStore, as back ends that share a page with each guest. */
package org.xenolith.device;
