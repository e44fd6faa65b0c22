/* Makes Swift's Mutex visible to ThreadSanitizer; `make test-tsan` preloads it.
 *
 * On Linux the kernel hands over a contended Mutex (a futex with priority inheritance), in two functions of
 * libswiftSynchronization, which is not instrumented. ThreadSanitizer therefore reports every access under such a Mutex as
 * a race. These wrappers announce the acquire and the release, and suppress nothing, so real races are still found. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

/* From ThreadSanitizer's runtime; missing in programs that are built without it, such as `swift test` itself. */
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

SWIFT void lock_slow(uint32_t state, SELF void *mutex) __asm__(LOCK_SLOW);
SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t state, SELF void *mutex) {
    SWIFT void (*real)(uint32_t, SELF void *) =
        (SWIFT void (*)(uint32_t, SELF void *))dlsym(RTLD_NEXT, LOCK_SLOW);
    real(state, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock_slow(SELF void *mutex) {
    SWIFT void (*real)(SELF void *) = (SWIFT void (*)(SELF void *))dlsym(RTLD_NEXT, UNLOCK_SLOW);
    if (__tsan_release) __tsan_release(mutex);
    real(mutex);
}
