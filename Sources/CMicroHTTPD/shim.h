#include <microhttpd.h>
#include <stdbool.h>

/* Swift does not see functions with variable arguments. These call them with the arguments that are needed. */

static inline struct MHD_Daemon *kae_start_daemon(
    int listen_socket, MHD_AccessHandlerCallback handler, void *handler_context, MHD_RequestCompletedCallback completed,
    unsigned int threads, unsigned int connections, unsigned int connections_per_address, unsigned int timeout_seconds,
    size_t connection_memory)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, handler, handler_context,
        MHD_OPTION_LISTEN_SOCKET, listen_socket,
        MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
        MHD_OPTION_THREAD_POOL_SIZE, threads,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, connections_per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, timeout_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,
        MHD_OPTION_END);
}

/* How many connections there are. */
static inline unsigned int kae_connections(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info == NULL ? 0 : info->num_connections;
}
