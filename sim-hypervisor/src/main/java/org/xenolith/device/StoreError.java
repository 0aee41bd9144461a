package org.xenolith.device;

/** Why the XenStore refuses a request; the name is what goes over the wire. */
public enum StoreError {
    EINVAL,
    EACCES,
    EEXIST,
    ENOENT,
    ENOSPC,
    ENOSYS,
    EBUSY,
    EAGAIN,
    E2BIG,
    EPERM
}
