#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "store/database.hpp"
#include "studio/account/accounts.hpp"
#include "studio/account/passwords.hpp"
#include "studio/account/person.hpp"
#include "studio/account/sign_in_pace.hpp"

namespace atelier::studio {

// Users who are people: they sign in by name and password, and have keys and sessions of their own. Whoever is disabled
// or deleted is out before the call returns: no session, no key, no answer being made. Somebody who may administer is
// always left: the last such person cannot be demoted, disabled or deleted while no admin's key is in force either.
// Awaited from any loop.
class People {
 public:
  struct Parts {
    store::Database& database;
    Accounts& accounts;
    const Clock& clock;
    // Ends what goes on for a user by itself; awaited once they are out. Empty: nothing does.
    std::function<Task<>(UserId)> stop_work = {};
  };
  explicit People(Parts parts) : parts_(std::move(parts)), pace_(parts_.clock) {}

  Task<Result<std::vector<Person>>> list();
  // not_found for users who are not people, and for those deleted.
  Task<Result<Person>> find(UserId id);
  // conflict (reason "name_taken").
  Task<Result<Person>> create(NewPerson wanted);
  // conflict: "name_taken", "last_admin".
  Task<Result<Person>> change(UserId id, PersonChange change);
  // Their name is free at once; what they had is deleted by forget_some().
  Task<Result<>> remove(UserId id);

  // unauthenticated (reason "sign_in_refused") says no more than that; rate_limited ("too_many_tries").
  Task<Result<SignedIn>> sign_in(std::string name, std::string password, SessionOrigin origin);
  // Their own, who says the current one too. All sessions but `session` end.
  Task<Result<>> change_password(UserId id, std::string current, std::string password, std::string session,
                                 std::string address);

  // Of the secret that a password becomes: for what makes people in another way.
  Passwords& passwords() { return passwords_; }

  // One slice of deleting what deleted people had. False: nothing was left to do.
  Task<Result<bool>> forget_some();
  // Once nobody awaits any more.
  void close() { passwords_.close(); }

 private:
  struct Stored {
    Person person = {};
    std::string sealed = {};  // their password
    std::int64_t revision = 0;
  };
  Task<Result<Stored>> read(UserId id);
  Task<Result<std::optional<Person>>> try_change(UserId id, PersonChange change, std::string sealed);
  Task<Result<>> put_out(UserId id, std::vector<store::Statement> batch);

  const Parts parts_;
  Passwords passwords_;
  SignInPace pace_;
};

// Part of a batch: the row of a new person. A taken name is a broken constraint, which name_taken() makes an error of.
store::Statement insert_person(const Person& person, std::string sealed_password);
std::unexpected<Error> name_taken(std::string_view name);
// Whether the batch with insert_person() failed because of the name.
bool is_about_name(const Error& error);

}  // namespace atelier::studio
