#pragma once

#include "lib/store/people.hpp"
#include "lib/store/sqlite/readers.hpp"

namespace nufi::store::sqlite {

class SqlitePeople final : public People {
 public:
  SqlitePeople(Writer& writer, Readers& readers) : writer_(writer), readers_(readers) {}

  void insert_account(const domain::Account& account,
                      const domain::Project& project,
                      const AuditEntry& audit) override;
  void update_account(const domain::Account& account, const AuditEntry& audit) override;
  std::optional<domain::Account> account_by_uid(std::int64_t uid) override;
  std::vector<domain::Account> accounts() override;

  void insert_project(const domain::Project& project, const AuditEntry& audit) override;
  void update_project(const domain::Project& project, const AuditEntry& audit) override;
  std::vector<domain::Project> projects() override;
  void delete_project(const domain::ProjectId& id, const AuditEntry& audit) override;
  std::vector<domain::Project> deleted_projects() override;
  std::map<domain::ProjectId, std::int64_t> live_keys_by_project(
      const std::optional<domain::AccountId>& account) override;

  void insert_group(const domain::Group& group, const AuditEntry& audit) override;
  void update_group(const domain::Group& group, const AuditEntry& audit) override;
  std::vector<domain::Group> groups() override;
  void delete_group(const domain::GroupId& id, const AuditEntry& audit) override;
  std::vector<domain::Group> deleted_groups() override;
  std::map<domain::GroupId, std::int64_t> live_keys_by_group() override;

 private:
  Writer& writer_;
  Readers& readers_;
};

}  // namespace nufi::store::sqlite
