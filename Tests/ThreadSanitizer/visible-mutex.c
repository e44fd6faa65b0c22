/* Shows ThreadSanitizer what it cannot see of Swift's Mutex; `make test-tsan` loads it before the tests.
 *
 * On Linux a Mutex that is waited for is handed over by the kernel (a futex with priority inheritance), in two functions
 * of libswiftSynchronization, which is not built for ThreadSanitizer. It then takes every access under such a Mutex for
 * a race. Said here is what is true there, and no more, so that nothing is suppressed and real races are still found. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

/* Of ThreadSanitizer's runtime; absent in programs that are built without it, such as `swift test` itself. */
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
