#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace atelier::media {

// Packets on a SOCK_SEQPACKET socket: one sendmsg is one recvmsg, whole or not at all, so that no framing can go wrong.

struct Packet {
  std::string text;
  std::vector<UniqueFd> files;  // close-on-exec
};

enum class Sending : std::uint8_t { sent, would_block };

// Both ends: close-on-exec, and not blocking on the control's side only.
struct SocketPair {
  UniqueFd control;
  UniqueFd worker;
};
Result<SocketPair> make_socket_pair();

// The descriptors are duplicated into the packet; the caller keeps its own. would_block: the socket is full, or too
// many descriptors are in flight; nothing was sent.
Result<Sending> send_packet(int socket, std::string_view text, std::span<const int> files = {});

enum class Descriptors : std::uint8_t { accepted, refused };

// nullopt: nothing there now (a non-blocking socket). A closed peer is ErrorCode::unavailable with reason
// "socket_closed"; a packet that is too long or brings more descriptors than allowed is ErrorCode::invalid_argument,
// and its descriptors are closed. With Descriptors::refused the kernel drops them before they reach this process.
Result<std::optional<Packet>> receive_packet(int socket, Descriptors descriptors);

}  // namespace atelier::media
