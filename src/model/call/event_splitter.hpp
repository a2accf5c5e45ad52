#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace atelier::model {

// Cuts a stream of server-sent events into its blocks, keeping every byte, so that they can be sent on as they came.
// Lines end with LF, CRLF or CR (WHATWG HTML, server-sent events).
class EventSplitter {
 public:
  struct Block {
    std::string_view bytes;      // with the empty line that ends it
    std::string_view type = {};  // empty: none given
    std::string_view data = {};  // its lines joined with LF
    bool has_data = false;       // false: comments alone
  };
  void feed(std::string_view bytes);
  // The next whole block; its views are good until the next call. too_large for a block over 64 MiB.
  Result<std::optional<Block>> next();
  // What came after the last whole block.
  std::string_view rest() const noexcept { return std::string_view(buffer_).substr(begin_); }

 private:
  std::optional<std::size_t> find_end();
  Block read(std::string_view bytes);
  std::string buffer_;
  std::size_t begin_ = 0;    // of the block that is looked for
  std::size_t scanned_ = 0;  // no block ends before here
  std::string joined_;       // data of more than one line
  bool is_start_ = true;
};

}  // namespace atelier::model
