package org.xenolith.toolstack;

/**
 * What a domain is to boot. How it is virtualised and how many vCPUs it has, the domain says itself.
 *
 * @param kernel the kernel
 * @param ramdisk the initial ramdisk, or null for none
 * @param commandLine the kernel's command line
 * @param memoryMebibytes its memory
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
public record BootSpec(KernelImage kernel, byte[] ramdisk, String commandLine, int memoryMebibytes) {}
