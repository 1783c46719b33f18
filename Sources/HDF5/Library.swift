internal import CHDF5
internal import Foundation

/// The HDF5 library is one for all threads, and many builds of it do not lock by themselves: whoever calls it takes its turn.
///
/// Turns may be taken one inside the other. Work on bytes that need no call, such as decoding chunks, is done outside.
enum Library {
    private nonisolated(unsafe) static let mutex: UnsafeMutablePointer<pthread_mutex_t> = {
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_RECURSIVE))
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        pthread_mutex_init(mutex, &attributes)
        return mutex
    }()

    static func lock() {
        pthread_mutex_lock(mutex)
        // Every thread has an error stack of its own, which prints unless told not to.
        chdf5_silence()
    }

    static func unlock() { pthread_mutex_unlock(mutex) }

    /// Once: no plug-in, which is code, is loaded for a filter a file names; and no link leads out of a file, not even by way of a
    /// link inside it.
    static let prepare: Void = {
        // We close what we open; the library's own clean-up at exit can crash after an error.
        H5dont_atexit()
        H5open()
        H5PLset_loading_state(0)
        H5Lunregister(H5L_TYPE_EXTERNAL)
    }()
}
