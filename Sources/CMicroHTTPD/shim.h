#include <microhttpd.h>

/* Swift does not see functions with variable arguments. These call them with the arguments that are needed. */

static inline struct MHD_Daemon *kae_start_daemon(
    int listen_socket, MHD_AccessHandlerCallback handler, void *handler_context, MHD_RequestCompletedCallback completed,
    size_t (*unescape)(void *, struct MHD_Connection *, char *), unsigned int threads, unsigned int connections, unsigned int connections_per_address, unsigned int timeout_seconds,
    size_t connection_memory)
{
    return MHD_start_daemon(
        /* Not epoll: 0.9.75 then misses a client's end that arrives with its last bytes, and holds the connection until
           it times out. */
        MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, handler, handler_context,
        MHD_OPTION_LISTEN_SOCKET, listen_socket,
        MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
        MHD_OPTION_THREAD_POOL_SIZE, threads,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, connections_per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, timeout_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,
        /* A request that two servers could read in two ways is refused. */
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
}
