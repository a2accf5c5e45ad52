#include "store/chat/client_chats.hpp"

namespace atelier::store {

Statement ClientChats::find(Principal principal, std::string id) {
  return {
      "SELECT c.thread FROM client_chats c JOIN threads t ON t.id = c.thread "
      "WHERE c.owner = $1 AND c.id = $2 AND t.owner = $1 AND t.deleted_ms IS NULL",
      {principal.owner.to_string(), std::move(id)}};
}

Statement ClientChats::insert(Principal principal, std::string id, ThreadId thread) {
  return {
      "INSERT INTO client_chats (owner, id, thread) VALUES ($1, $2, $3) "
      "ON CONFLICT (owner, id) DO UPDATE SET thread = $3 WHERE NOT EXISTS "
      "(SELECT 1 FROM threads t WHERE t.id = client_chats.thread AND t.deleted_ms IS NULL)",
      {principal.owner.to_string(), std::move(id), thread.to_string()},
      Expect::exactly_one};
}

Statement ClientChats::numbers(ThreadId thread, std::string ids) {
  return {"SELECT c.id, c.number FROM json_each($2) j JOIN client_messages c ON c.thread = $1 AND c.id = j.value",
          {thread.to_string(), std::move(ids)}};
}

Statement ClientChats::put_message(ThreadId thread, std::string id, std::int64_t number) {
  return {
      "INSERT INTO client_messages (thread, id, number) VALUES ($1, $2, $3) "
      "ON CONFLICT (thread, id) DO UPDATE SET number = $3",
      {thread.to_string(), std::move(id), number}};
}

}  // namespace atelier::store
