#pragma once

#include <string>
#include <vector>

#include "base/task.hpp"
#include "store/assets.hpp"
#include "store/events.hpp"
#include "store/work_pool.hpp"
#include "studio/chat/exchange/imported_thread.hpp"
#include "studio/chat/threads.hpp"

namespace atelier::studio {

// Brings threads from files into the studio, and out of it (exchange/). Awaited from any loop. One file at a time is
// taken in, since reading it needs several times its size.
class ThreadExchange {
 public:
  static constexpr std::size_t kImportBytesMax = 128 << 20;
  struct Parts {
    store::Database& database;
    store::EventLog& events;
    Threads& threads;
    store::WorkPool& pool;  // of one thread: files are read there
    const Clock& clock;
  };
  explicit ThreadExchange(Parts parts) : parts_(parts), assets_(parts.database) {}

  struct Taken {
    std::vector<store::ThreadRow> threads;
    std::vector<Skipped> skipped;
  };
  // Each thread whole or not at all; those that came before one that could not be stored stay. Errors: as
  // read_export(), and those of the database.
  Task<Result<Taken>> take_in(Principal principal, std::string bytes);

  enum class Form : std::uint8_t { markdown, json };
  struct File {
    std::string bytes, name, media_type;
  };
  // Errors: too_large ("export_too_large") over a hundred thousand messages.
  Task<Result<File>> give_out(Principal principal, ThreadId id, Form form);

 private:
  Task<Result<store::ThreadRow>> store_thread(Principal principal, ImportedThread thread);
  Task<Result<>> drop_foreign_assets(Principal principal, ImportedThread* thread);
  Task<Result<ImportedThread>> read_thread(Principal principal, ThreadId id);

  const Parts parts_;
  store::Assets assets_;
};

}  // namespace atelier::studio
