#pragma once

// The types of the network library as this room uses them: concrete executors, so that no call goes
// through a type-erased one.

#include "lib/net/awaitable.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace nufi::net {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using ErrorCode = boost::system::error_code;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         Executor>;

inline constexpr asio::use_awaitable_t<Executor> kAwait{};

/// `co_await socket.async_…(…, into(error))`: no exception, the error stands in `error`.
inline auto into(ErrorCode& error) {
  return asio::redirect_error(kAwait, error);
}

}  // namespace nufi::net
