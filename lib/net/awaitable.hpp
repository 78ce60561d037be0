#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace nufi::net {

/// A coroutine of the data plane: runs on one loop, from its first to its last line. The only word
/// of the network library that the gateway knows.
template <class T>
using Awaitable = boost::asio::awaitable<T, boost::asio::io_context::executor_type>;

}  // namespace nufi::net
