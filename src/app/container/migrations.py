"""The old files: moved in, and back out."""

from dependency_injector import providers

from app.container.ground import Ground
from app.container.mounts import Mounts
from app.container.stores import Stores
from app.usecases.export_legacy_files import ExportLegacyFiles
from app.usecases.export_legacy_files import Stores as ExportedStores
from app.usecases.migrate import Migrate
from app.usecases.migrate_agent_tokens import MigrateAgentTokens
from app.usecases.migrate_gitlab_oauth import MigrateGitlabOauth
from app.usecases.migrate_sessions import MigrateSessions
from app.usecases.move_file import MoveFile
from app.usecases.restore_legacy_files import RestoreLegacyFiles


class Migrations(Mounts):
    """In the order of their numbers."""

    migrate_gitlab_oauth: providers.Provider[MigrateGitlabOauth] = providers.Singleton(
        MigrateGitlabOauth, tokens=Stores.unaudited_oauth_tokens, fresh_tokens=Stores.fresh_oauth_tokens.provider
    )
    migrate_sessions: providers.Provider[MigrateSessions] = providers.Singleton(
        MigrateSessions,
        sessions=Stores.sessions,
        fresh_sessions=Stores.fresh_sessions.provider,
        progress=Ground.progress,
    )
    migrate_agent_tokens: providers.Provider[MigrateAgentTokens] = providers.Singleton(
        MigrateAgentTokens,
        secrets=Stores.unaudited_secrets,
        fresh_secrets=Stores.fresh_secrets.provider,
        line_ends=Mounts.line_ends,
    )
    migrate: providers.Provider[Migrate] = providers.Singleton(
        Migrate,
        migrations=providers.List(migrate_gitlab_oauth, migrate_sessions, migrate_agent_tokens),
        move_file=providers.Singleton(
            MoveFile,
            source=Stores.legacy_files,
            archive=Stores.archive,
            ledger=Stores.ledger,
            cipher=Ground.cipher,
            clock=Ground.clock,
        ),
        backups=Stores.unaudited_backups,
        audit=Ground.audit,
        lock=Ground.lock,
        progress=Ground.progress,
    )
    restore_legacy_files: providers.Provider[RestoreLegacyFiles] = providers.Singleton(
        RestoreLegacyFiles, archive=Stores.archived_files, audit=Ground.audit
    )
    export_legacy_files: providers.Provider[ExportLegacyFiles] = providers.Singleton(
        ExportLegacyFiles,
        stores=providers.Singleton(
            ExportedStores,
            sessions=Stores.sessions,
            secrets=Stores.unaudited_secrets,
            oauth_tokens=Stores.unaudited_oauth_tokens,
        ),
        audit=Ground.audit,
    )
