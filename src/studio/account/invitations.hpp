#pragma once

#include <string>
#include <vector>

#include "studio/account/people.hpp"

namespace atelier::studio {

using InvitationId = Id<struct InvitationTag>;

struct Invitation {
  InvitationId id = {};
  UserId owner = {};  // who made it
  Role role = Role::member;
  std::string note = {};  // for whom, to whoever made it
  UnixMs created_ms = 0, expires_ms = 0;
  std::int64_t uses_max = 1, uses = 0;
  bool is_revoked = false;
};

struct NewInvitation {
  Role role = Role::member;
  std::string note = {};
  std::chrono::hours life{24 * 7};
  std::int64_t uses_max = 1;
};

struct CreatedInvitation {
  Invitation invitation;
  std::string secret;  // shown once, kept nowhere
};

inline constexpr std::size_t kInvitationNoteBytesMax = 200;
inline constexpr std::int64_t kInvitationUsesMax = 1'000;
inline constexpr std::chrono::hours kInvitationLifeMax{24 * 90};

// Invitations: a secret of 256 random bits, given away as a link, makes whoever has it a person with a name and
// password of their own choice. Only its SHA-256 is stored. Awaited from any loop.
class Invitations {
 public:
  struct Parts {
    store::Database& database;
    Accounts& accounts;
    People& people;
    const Clock& clock;
  };
  explicit Invitations(Parts parts) : parts_(parts) {}

  Task<Result<CreatedInvitation>> create(UserId owner, NewInvitation wanted);
  // Newest first; those that were used up or are over are kept for a month.
  Task<Result<std::vector<Invitation>>> list();
  // not_found where it is none, or revoked already.
  Task<Result<>> revoke(InvitationId id);
  // The one with this secret; not_found (reason "invitation_over") unless it can be accepted now.
  Task<Result<Invitation>> look(std::string secret);
  // Makes the person and signs them in. A use counts if that succeeds. conflict: "name_taken".
  Task<Result<SignedIn>> accept(std::string secret, std::string name, std::string password, SessionOrigin origin);
  // Deletes those that have been over for a month.
  Task<Result<>> forget_old();

 private:
  const Parts parts_;
};

}  // namespace atelier::studio
