#include "media/protocol/packet.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "media/protocol/limits.hpp"

namespace atelier::media {
namespace {

constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(int) * kFilesPerPacketMax);

std::vector<UniqueFd> take_files(msghdr& header) {
  std::vector<UniqueFd> files;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      files.emplace_back(fd);
    }
  }
  return files;
}

}  // namespace

Result<SocketPair> make_socket_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return fail_errno(errno, "cannot make a socket pair for a media worker");
  SocketPair pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (fcntl(pair.control.get(), F_SETFL, O_NONBLOCK) != 0)
    return fail_errno(errno, "cannot make a media worker's socket non-blocking");
  return pair;
}

Result<Sending> send_packet(int socket, std::string_view text, std::span<const int> files) {
  ensure(text.size() <= kPacketBytesMax && files.size() <= kFilesPerPacketMax, "a packet stays within its limits");
  iovec part{.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()};
  alignas(cmsghdr) std::array<char, kControlBytes> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!files.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(files.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(files.size_bytes());
    std::memcpy(CMSG_DATA(rights), files.data(), files.size_bytes());
  }
  for (;;) {
    if (sendmsg(socket, &header, MSG_NOSIGNAL) >= 0) return Sending::sent;
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ETOOMANYREFS) return Sending::would_block;
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
      return fail(ErrorCode::unavailable, "the other end of a media worker's socket is closed", {"socket_closed", ""});
    return fail_errno(errno, "cannot send to a media worker's socket");
  }
}

Result<std::optional<Packet>> receive_packet(int socket, Descriptors descriptors) {
  Packet packet;
  packet.text.resize(kPacketBytesMax);
  iovec part{.iov_base = packet.text.data(), .iov_len = packet.text.size()};
  alignas(cmsghdr) std::array<char, kControlBytes> control;
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (descriptors == Descriptors::accepted) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  ssize_t size = -1;
  do size = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (size < 0 && errno == EINTR);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
  if (size < 0 && errno != ECONNRESET) return fail_errno(errno, "cannot receive from a media worker's socket");
  if (descriptors == Descriptors::accepted && size >= 0) packet.files = take_files(header);
  // Nobody sends an empty packet, so a length of 0 is the end.
  if (size <= 0)
    return fail(ErrorCode::unavailable, "the other end of a media worker's socket is closed", {"socket_closed", ""});
  if ((header.msg_flags & MSG_TRUNC) != 0)
    return fail(ErrorCode::invalid_argument, "a packet of the media protocol is longer than it may be");
  if (descriptors == Descriptors::accepted && (header.msg_flags & MSG_CTRUNC) != 0)
    return fail(ErrorCode::invalid_argument, "a packet brings more descriptors than this process may take");
  packet.text.resize(static_cast<std::size_t>(size));
  return packet;
}

}  // namespace atelier::media
